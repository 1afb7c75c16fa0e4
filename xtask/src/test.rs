//! `cargo xtask test`: all checks and tests, or one part of them.

use crate::shell::{self, Done};
use crate::tools::{self, Need};
use crate::web;

const HELP: &str = "\
cargo xtask test [PART] [FILTER]

Without PART everything runs. FILTER runs only the tests whose name contains it, as in `cargo test FILTER`;
it goes with native, page and e2e. What follows FILTER goes to the test program too, such as --nocapture.

Usual minutes on two cores, with the tools present: from a clean clone, and after one changed line.
'-' is not measured yet; each step prints its own time.

  PART     what it runs                                                   clean    changed
  native   all Rust tests except those of the page and the browser        12       4
  page     unit tests of the page, built for this machine                 -        -
  web      builds dist/ and checks that `cargo xtask serve` serves it     -        -
  e2e      tests in Chromium and Firefox; builds dist/ first if it is     -        -
           missing or older than its sources
  lint     rustfmt, clippy for each target, rustdoc                       -        -
";

/// Targets of clippy for the browser: binary and feature.
const BROWSER_BINARIES: [(&str, &str); 2] = [("deltabooth", "page"), ("engine", "engine")];

/// A part that can run alone.
struct Part {
    name: &'static str,
    needs: &'static [Need],
    takes_filter: bool,
    run: fn(&[String]) -> Done,
}

const PARTS: [Part; 5] = [
    Part {
        name: "native",
        needs: &[],
        takes_filter: true,
        run: native,
    },
    Part {
        name: "page",
        needs: &[],
        takes_filter: true,
        run: page,
    },
    Part {
        name: "web",
        needs: tools::WEB,
        takes_filter: false,
        run: |_| web::build().and_then(|()| web::check_serve()),
    },
    Part {
        name: "e2e",
        needs: tools::ALL,
        takes_filter: true,
        run: |filter| web::build_if_stale().and_then(|()| end_to_end(filter)),
    },
    Part {
        name: "lint",
        needs: tools::LINT,
        takes_filter: false,
        run: |_| format().and_then(|()| lint()),
    },
];

/// Runs the named part, or everything.
pub fn run(args: &[String]) -> Done {
    let Some((name, filter)) = args.split_first() else {
        return everything();
    };
    if ["--help", "-h", "help"].contains(&name.as_str()) {
        print!("{HELP}");
        return Ok(());
    }
    let Some(part) = PARTS.iter().find(|part| part.name == name) else {
        return Err(format!("there is no part '{name}'\n\n{HELP}"));
    };
    if !filter.is_empty() && !part.takes_filter {
        return Err(format!("the part '{name}' takes no filter\n\n{HELP}"));
    }
    tools::ensure(part.needs)?;
    (part.run)(filter)
}

/// Runs all parts. The build for the browser runs beside the native tests, because each waits at
/// times for a single crate or test.
fn everything() -> Done {
    tools::ensure(tools::ALL)?;
    format()?;
    let (native, browser) = std::thread::scope(|scope| {
        let browser = scope.spawn(web::build);
        let native = native(&[]).and_then(|()| page(&[])).and_then(|()| lint());
        (native, browser.join())
    });
    native?;
    browser.map_err(|_| "the build for the browser panicked")??;
    web::check_serve()?;
    end_to_end(&[])
}

/// Tests that need no browser.
fn native(filter: &[String]) -> Done {
    cargo_test(&["--workspace", "--no-fail-fast"], filter)
}

/// Unit tests of the page without a browser. They need no speed, so our own code is not optimised;
/// dependencies are those of [`native`].
fn page(filter: &[String]) -> Done {
    cargo_test(
        &[
            "--config",
            "profile.test.opt-level=0",
            "--no-default-features",
            "--features",
            "page",
            "--lib",
        ],
        filter,
    )
}

/// Tests of the built app in browsers.
fn end_to_end(filter: &[String]) -> Done {
    cargo_test(&["--test", "e2e"], filter)
}

/// Runs `cargo test` with options for cargo and arguments for the test programs.
fn cargo_test(options: &[&str], arguments: &[String]) -> Done {
    let arguments = arguments.iter().map(String::as_str);
    let all: Vec<&str> = ["test"]
        .into_iter()
        .chain(options.iter().copied())
        .chain(["--"])
        .chain(arguments)
        .collect();
    shell::cargo(&all)
}

fn format() -> Done {
    shell::cargo(&["fmt", "--all", "--check"])
}

/// Clippy for every target, and rustdoc; warnings are errors.
fn lint() -> Done {
    clippy(&["--workspace", "--all-targets"])?;
    // `--all-targets` leaves out targets with `test = false`.
    clippy(&["--test", "e2e", "--test", "screenshots"])?;
    for (binary, feature) in BROWSER_BINARIES {
        clippy(&[
            "--target",
            "wasm32-unknown-unknown",
            "--no-default-features",
            "--features",
            feature,
            "--bin",
            binary,
        ])?;
    }
    // Links to private items serve readers of the source.
    shell::cargo(&[
        "--config",
        "build.rustdocflags=['-D', 'warnings', '-A', 'rustdoc::private_intra_doc_links']",
        "doc",
        "--no-deps",
        "--workspace",
    ])
}

fn clippy(options: &[&str]) -> Done {
    shell::cargo(&[&["clippy"], options, &["--", "-D", "warnings"]].concat())
}
