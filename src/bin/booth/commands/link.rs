//! `booth link`: a delta as the text of a link, and back.

use std::path::PathBuf;

use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::delta::link_payload::{self, TEXT_LIMIT};
use deltabooth::{Error, Result};

use crate::io::files::{check_out, named, read, write};

/// Packs a delta into the fragment of a link, or unpacks it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The delta to pack.
    #[arg(
        long,
        value_name = "FILE.safetensors",
        required_unless_present = "link",
        conflicts_with = "link"
    )]
    delta: Option<PathBuf>,
    /// Largest number of characters; fewer characters round the shifts more coarsely.
    #[arg(long, value_name = "N", default_value_t = TEXT_LIMIT)]
    limit: usize,
    /// A file with a link, or with the text after '#d=' of one.
    #[arg(long, value_name = "FILE.txt", requires = "out")]
    link: Option<PathBuf>,
    /// The unpacked delta.
    #[arg(long, value_name = "FILE.safetensors")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(out) = &args.out {
        check_out(out, "safetensors")?;
    }
    let text = match (&args.link, &args.delta) {
        (Some(link), _) => String::from_utf8(read(link)?)
            .map_err(|_| Error::Delta(format!("{} is not a text file.", link.display())))?,
        (None, Some(path)) => {
            let delta = Delta::from_bytes(&read(path)?).map_err(|error| named(path, error))?;
            let payload = link_payload::encode(&delta, args.limit)?;
            println!("#d={}", payload.text);
            eprintln!(
                "{} characters; rounding loses {:.1} % of the shifts",
                payload.text.len() + 3,
                100.0 * payload.error
            );
            payload.text
        }
        (None, None) => return Ok(()),
    };
    let Some(out) = &args.out else {
        return Ok(());
    };
    let delta = link_payload::decode(carried(&text)).map_err(|error| match &args.link {
        Some(link) => named(link, error),
        None => error,
    })?;
    write(out, &delta.to_bytes()?)
}

/// The value of 'd' in a link's fragment, or the text itself.
fn carried(text: &str) -> &str {
    let fragment = text.trim().rsplit('#').next().unwrap_or_default();
    let fields = fragment.split('&');
    let found = fields.filter_map(|field| field.strip_prefix("d=")).next();
    found.unwrap_or(fragment)
}

#[cfg(test)]
mod tests {
    use super::carried;

    #[test]
    fn the_delta_is_found_in_a_link_and_alone() {
        assert_eq!(
            carried("https://a.example/booth/#prompt=a&d=AbC&seed=1\n"),
            "AbC"
        );
        assert_eq!(carried("#d=AbC"), "AbC");
        assert_eq!(carried("AbC"), "AbC");
    }
}
