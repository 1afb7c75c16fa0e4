//! `cargo xtask COMMAND` builds, serves, tests and measures the project.

mod bench;
mod precache;
mod sheets;
mod shell;
mod test;
mod tools;
mod web;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND [ARGUMENTS]

Each command first installs the tools that it needs and that are missing.

  serve [ARGUMENTS]      build the app, serve it and open it in a browser; ARGUMENTS go to `trunk serve`
  test [PART] [FILTER]   run all checks and tests, or one part: native, page, web, e2e, lint
                         (`cargo xtask test --help` describes the parts and their usual times)
  bench                  print the table of sizes and times
  screenshots            take the screenshots of the page in docs/
  sheets [NAME...]       train the sample subjects and draw the contact sheets in docs/
  doctor                 report all tools and install the missing ones
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match command.as_str() {
        "serve" => tools::ensure(tools::WEB).and_then(|()| web::serve(&rest)),
        "test" => test::run(&rest),
        "bench" => tools::ensure(tools::ALL).and_then(|()| bench::run()),
        "screenshots" => screenshots(),
        "sheets" => sheets::run(&rest),
        // Called by trunk after a build; see Trunk.toml.
        "precache" => precache::run(),
        "doctor" => tools::ensure(tools::ALL),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{HELP}");
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

/// Builds the app, presses 'Try a sample' and takes the screenshots.
fn screenshots() -> shell::Done {
    tools::ensure(tools::ALL)?;
    web::build_if_stale()?;
    std::fs::create_dir_all("docs").map_err(|error| format!("docs/: {error}"))?;
    shell::cargo(&["test", "--test", "screenshots", "--", "--test-threads=1"])
}
