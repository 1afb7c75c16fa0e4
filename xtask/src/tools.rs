//! The tools that the project needs: how to find each and how to install it.

use crate::shell::{self, Done};

/// One tool or package.
pub struct Need {
    name: &'static str,
    /// Text that the output of `check` must contain.
    version: &'static str,
    check: fn() -> Option<String>,
    install: fn() -> Done,
    /// The hint shown when the installation fails.
    by_hand: &'static str,
}

const WASM_TARGET: Need = Need {
    name: "wasm32-unknown-unknown",
    version: "wasm32-unknown-unknown",
    check: || shell::output("rustup", &["target", "list", "--installed"]),
    install: || shell::run("rustup", &["target", "add", "wasm32-unknown-unknown"]),
    by_hand: "install Rust with rustup, then `rustup target add wasm32-unknown-unknown`",
};

const TRUNK: Need = Need {
    name: "trunk",
    version: "0.21.14",
    check: || shell::output("trunk", &["--version"]),
    // Without its default features: no TLS and no check for updates.
    install: || cargo_install(&["trunk", "--version", "0.21.14", "--locked"]),
    by_hand: "`cargo install trunk --version 0.21.14 --locked`",
};

// Its version must equal that of the wasm-bindgen crate in Cargo.toml.
const WASM_BINDGEN: Need = Need {
    name: "wasm-bindgen",
    version: "0.2.130",
    check: || shell::output("wasm-bindgen", &["--version"]),
    install: || cargo_install(&["wasm-bindgen-cli", "--version", "0.2.130"]),
    by_hand: "`cargo install wasm-bindgen-cli --version 0.2.130`",
};

const CHROMIUM: Need = Need {
    name: "chromium",
    version: "Chrom",
    check: || {
        ["chromium", "chromium-browser", "google-chrome"]
            .iter()
            .find_map(|program| shell::output(program, &["--version"]))
    },
    install: || system_packages(&["chromium"]),
    by_hand: "install Chromium or Chrome with your system's package manager",
};

const CHROMEDRIVER: Need = Need {
    name: "chromedriver",
    version: "ChromeDriver",
    check: || shell::output("chromedriver", &["--version"]),
    install: || system_packages(&["chromium-driver"]),
    by_hand: "install ChromeDriver of your Chromium's version and put it on the PATH",
};

const FIREFOX: Need = Need {
    name: "firefox",
    version: "Firefox",
    check: || {
        ["firefox", "firefox-esr"]
            .iter()
            .find_map(|program| shell::output(program, &["--version"]))
    },
    install: || system_packages(&["firefox-esr"]),
    by_hand: "install Firefox with your system's package manager",
};

const AXE: Need = Need {
    name: "axe-core",
    version: "4.14.1",
    check: || std::fs::read_to_string("tests/e2e/node_modules/axe-core/package.json").ok(),
    install: || {
        if shell::output("npm", &["--version"]).is_none() {
            system_packages(&["nodejs", "npm"])?;
        }
        shell::run(
            "npm",
            &["ci", "--prefix", "tests/e2e", "--no-audit", "--no-fund"],
        )
    },
    by_hand: "install Node with npm, then `npm ci --prefix tests/e2e`",
};

/// To check the code for the browser.
pub const LINT: &[Need] = &[WASM_TARGET];
/// To build and serve the app.
pub const WEB: &[Need] = &[WASM_TARGET, TRUNK, WASM_BINDGEN];
/// To test it in browsers too.
pub const ALL: &[Need] = &[
    WASM_TARGET,
    TRUNK,
    WASM_BINDGEN,
    CHROMIUM,
    CHROMEDRIVER,
    FIREFOX,
    AXE,
];

/// Prints which tools are present and installs the missing ones.
pub fn ensure(needs: &[Need]) -> Done {
    for need in needs {
        let found = || (need.check)().filter(|text| text.contains(need.version));
        if let Some(text) = found() {
            let line = text.lines().find(|line| line.contains(need.version));
            eprintln!("found    {:<24} {}", need.name, line.unwrap_or_default());
            continue;
        }
        eprintln!("missing  {:<24} installing", need.name);
        let installed = (need.install)();
        if installed.is_err() || found().is_none() {
            let reason = installed
                .err()
                .unwrap_or_else(|| "it is still not found".into());
            return Err(format!(
                "{} {} is needed and could not be installed ({reason}). By hand: {}.",
                need.name, need.version, need.by_hand
            ));
        }
    }
    Ok(())
}

/// Installs a program with cargo, lightly optimised and without link-time optimisation: trunk and
/// wasm-bindgen then take 12 minutes of one core. Both share a target directory, so that common
/// dependencies are built once and an interrupted installation resumes.
fn cargo_install(what: &[&str]) -> Done {
    const FAST: [&str; 13] = [
        "install",
        "--force",
        "--no-default-features",
        "--target-dir",
        "target/tools",
        "--config",
        "profile.release.opt-level=1",
        "--config",
        "profile.release.lto='off'",
        "--config",
        "profile.release.codegen-units=16",
        "--config",
        "profile.release.debug=false",
    ];
    shell::cargo(&[&FAST, what].concat())
}

/// Installs packages with apt-get, as root or through sudo.
fn system_packages(packages: &[&str]) -> Done {
    if shell::output("apt-get", &["--version"]).is_none() {
        return Err("this system has no apt-get".into());
    }
    let root = shell::output("id", &["-u"]).as_deref() == Some("0");
    let apt = |args: &[&str]| {
        if root {
            shell::run("apt-get", args)
        } else {
            shell::run("sudo", &[&["apt-get"], args].concat())
        }
    };
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}
