//! The layers that determine the geometry of a picture, for style mixing.
//!
//! The paper (section 4) takes the geometry "from (16, down, 1) to (8, down, 0)", in the notation
//! (resolution, direction, index) of P+, where the attention at 8 × 8 is in the middle block. In
//! Stable Diffusion 1 these are the layers from the second attention of `down_blocks.2` to
//! `mid_block`.
//!
//! For other UNets the rule is: from the last attention of the down blocks to the end of the middle
//! block. That is the last attention of the last down block with attention, the resnet of the same
//! index, the downsampler of that block, all later down blocks, and the middle block. The paper
//! mixes deltas of linear layers only. All layers of these blocks are taken here, which is the
//! same for such deltas.

/// The layers from the last attention of the down blocks to the end of the middle block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GeometryLayers {
    /// The last down block with attention.
    pub block: usize,
    /// The index of its last attention, and of the resnet before it.
    pub index: usize,
}

impl GeometryLayers {
    /// Finds the layers from the paths of a model, or of a delta that shifts its attentions; `None` if
    /// no down block has an attention.
    pub fn find<'a>(paths: impl Iterator<Item = &'a str>) -> Option<Self> {
        let attention = |path: &str| {
            let (block, rest) = path.strip_prefix("down_blocks.")?.split_once('.')?;
            let (index, _) = rest.strip_prefix("attentions.")?.split_once('.')?;
            Some(Self {
                block: block.parse().ok()?,
                index: index.parse().ok()?,
            })
        };
        paths.filter_map(attention).max()
    }

    /// Whether the layer at `path` determines geometry.
    pub fn holds(&self, path: &str) -> bool {
        if path.starts_with("mid_block.") {
            return true;
        }
        let place = path
            .strip_prefix("down_blocks.")
            .and_then(|rest| rest.split_once('.'));
        let Some((Ok(block), rest)) = place.map(|(block, rest)| (block.parse::<usize>(), rest))
        else {
            return false;
        };
        if block != self.block {
            return block > self.block;
        }
        let mut parts = rest.split('.');
        match (parts.next(), parts.next().map(str::parse::<usize>)) {
            (Some("attentions" | "resnets"), Some(Ok(index))) => index >= self.index,
            (Some(part), _) => part == "downsamplers",
            _ => false,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use crate::spectral::shift::geometry::GeometryLayers;

    #[test]
    fn geometry_is_the_last_attention_on_the_way_down_to_the_middle() {
        let paths = |blocks: &[usize], layers: usize| -> Vec<String> {
            let mut paths = vec!["up_blocks.3.attentions.2.proj_in".to_owned()];
            for block in blocks {
                paths.extend(
                    (0..layers).map(|i| format!("down_blocks.{block}.attentions.{i}.norm")),
                );
            }
            paths
        };
        let find =
            |paths: &[String]| GeometryLayers::find(paths.iter().map(String::as_str)).unwrap();
        // Stable Diffusion 1: (16, down, 1) to (8, down, 0).
        let layers = find(&paths(&[0, 1, 2], 2));
        assert_eq!(layers, GeometryLayers { block: 2, index: 1 });
        for (path, inside) in [
            ("conv_in", false),
            ("time_embedding.linear_1", false),
            ("down_blocks.1.attentions.1.proj_in", false),
            ("down_blocks.2.attentions.0.proj_in", false),
            ("down_blocks.2.resnets.0.time_emb_proj", false),
            ("down_blocks.2.resnets.1.time_emb_proj", true),
            (
                "down_blocks.2.attentions.1.transformer_blocks.0.attn2.to_k",
                true,
            ),
            ("down_blocks.2.downsamplers.0.conv", true),
            ("down_blocks.3.resnets.0.conv1", true),
            ("mid_block.attentions.0.proj_in", true),
            ("up_blocks.0.resnets.0.conv1", false),
            ("up_blocks.1.attentions.0.proj_in", false),
            ("conv_out", false),
        ] {
            assert_eq!(layers.holds(path), inside, "{path}");
        }
        // BK-SDM-Tiny: three blocks, all with one attention; the embedded base: the third has none.
        assert_eq!(find(&paths(&[0, 1, 2], 1)).block, 2);
        assert_eq!(
            find(&paths(&[0, 1], 1)),
            GeometryLayers { block: 1, index: 0 }
        );
    }
}
