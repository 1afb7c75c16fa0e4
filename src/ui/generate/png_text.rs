//! Text chunks of PNG files, where programs store the settings of a picture.
//!
//! PNG third edition, 11.3.3.4 (iTXt): keyword, NUL, no compression, no language, UTF-8 text.

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Bytes of the signature and IHDR, with which every PNG begins: 8 + 4 + 4 + 13 + 4.
const HEAD: usize = 33;

/// The file with an iTXt chunk for each (keyword, text) after its header. A file that is no PNG is
/// returned unchanged.
pub fn with_text(png: &[u8], texts: &[(&str, &str)]) -> Vec<u8> {
    let Some((head, rest)) = png
        .split_at_checked(HEAD)
        .filter(|(head, _)| head.starts_with(SIGNATURE))
    else {
        return png.to_vec();
    };
    let mut file = head.to_vec();
    for (keyword, text) in texts {
        let body = [
            b"iTXt",
            keyword.as_bytes(),
            &[0, 0, 0, 0, 0],
            text.as_bytes(),
        ]
        .concat();
        file.extend(((body.len() - 4) as u32).to_be_bytes());
        file.extend(&body);
        file.extend(crc32fast::hash(&body).to_be_bytes());
    }
    file.extend(rest);
    file
}

#[cfg(test)]
mod tests {
    use super::with_text;

    /// One white pixel.
    const PNG: &[u8] = &[
        0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0,
        0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0, b'I', b'E', b'N',
        b'D', 0xae, 0x42, 0x60, 0x82,
    ];

    #[test]
    fn the_words_stand_behind_the_header_with_the_right_check() {
        let file = with_text(PNG, &[("parameters", "a 熊\nSteps: 25")]);
        assert_eq!(&file[..33], &PNG[..33]);
        assert_eq!(&file[file.len() - 12..], &PNG[33..]);
        let length = u32::from_be_bytes(file[33..37].try_into().unwrap_or_default()) as usize;
        let chunk = &file[37..41 + length];
        assert!(chunk.starts_with(b"iTXtparameters\0\0\0\0\0a "));
        assert!(chunk.ends_with(b"Steps: 25"));
        let check = &file[41 + length..45 + length];
        assert_eq!(check, crc32fast::hash(chunk).to_be_bytes());
    }

    #[test]
    fn what_is_no_png_is_left_alone() {
        assert_eq!(with_text(b"GIF89a", &[("a", "b")]), b"GIF89a");
        assert_eq!(with_text(&PNG[..20], &[("a", "b")]), &PNG[..20]);
    }
}
