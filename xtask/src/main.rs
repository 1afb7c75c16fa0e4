//! `cargo xtask serve | test | bench | screenshots | sheets | doctor`: the project's chores, one command each.

mod bench;
mod doctor;
mod precache;
mod sheets;
mod shell;
mod web;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask serve         build the app and open it in a browser, ready to train
cargo xtask test          install what is missing and run every check and test
cargo xtask bench         print the table of sizes and times
cargo xtask screenshots   take the pictures of the page in docs/
cargo xtask sheets        learn three sample subjects and draw the contact sheets of docs/
cargo xtask doctor        say what is missing, and install it
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match command.as_str() {
        "serve" => doctor::ensure(doctor::WEB).and_then(|()| web::serve(&rest)),
        "test" => test(),
        "bench" => doctor::ensure(doctor::ALL).and_then(|()| bench::run(&rest)),
        "screenshots" => screenshots(),
        "sheets" => sheets::run(&rest),
        "precache" => precache::run(),
        "doctor" => doctor::ensure(doctor::ALL),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nxtask {command}: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Presses 'Try it' and keeps what is seen.
fn screenshots() -> shell::Done {
    doctor::ensure(doctor::ALL)?;
    web::build()?;
    std::fs::create_dir_all("docs").map_err(|error| format!("docs/: {error}"))?;
    shell::cargo(&["test", "--test", "screenshots", "--", "--test-threads=1"])
}

/// Every check. Natively and for the browser at once, because each waits now and then for a single
/// crate; then, alone, what looks at the built app.
fn test() -> shell::Done {
    doctor::ensure(doctor::ALL)?;
    shell::cargo(&["fmt", "--all", "--check"])?;
    let (native, browser) = std::thread::scope(|scope| {
        let browser = scope.spawn(|| web::build().and_then(|()| web::clippy()));
        (test_natively(), browser.join())
    });
    native?;
    browser.map_err(|_| "building for the browser ended with a panic")??;
    web::check_serve()?;
    shell::cargo(&["test", "--test", "e2e"])
}

/// Tests without a browser, and lints.
fn test_natively() -> shell::Done {
    shell::cargo(&["test", "--workspace", "--no-fail-fast"])?;
    // The page's own logic, without a browser.
    shell::cargo(&[
        "test",
        "--profile",
        "page-test",
        "--no-default-features",
        "--features",
        "page",
        "--lib",
    ])?;
    shell::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])?;
    // `--all-targets` leaves out what `cargo test` alone does not run.
    shell::cargo(&[
        "clippy",
        "--test",
        "e2e",
        "--test",
        "screenshots",
        "--",
        "-D",
        "warnings",
    ])
}
