//! Building and serving the app.

use crate::shell::{self, Done};

/// Builds `dist/`: page, engine, base and subjects.
pub fn build() -> Done {
    shell::run("trunk", &["build", "--release"])
}

/// Builds and serves on this machine, and opens a browser where there is a screen.
pub fn serve(args: &[String]) -> Done {
    let mut all = vec!["serve", "--release"];
    let screen = cfg!(any(target_os = "macos", windows))
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some());
    if screen {
        all.push("--open");
    } else {
        eprintln!("no screen here: open the address that trunk prints, in a browser of your own");
    }
    all.extend(args.iter().map(String::as_str));
    shell::run("trunk", &all)
}

/// Lints the two browser binaries, each with its own features.
pub fn clippy() -> Done {
    for (bin, feature) in [("deltabooth", "page"), ("engine", "engine")] {
        shell::cargo(&[
            "clippy",
            "--target",
            "wasm32-unknown-unknown",
            "--profile",
            "wasm",
            "--no-default-features",
            "--features",
            feature,
            "--bin",
            bin,
            "--",
            "-D",
            "warnings",
        ])?;
    }
    Ok(())
}
