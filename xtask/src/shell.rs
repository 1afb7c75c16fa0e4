//! Runs other programs.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Success, or an error message for the user.
pub type Done = Result<(), String>;

/// Starts a program in the background.
pub fn start(program: &str, args: &[&str]) -> Result<Child, String> {
    eprintln!("\n$ {program} {}", args.join(" "));
    Command::new(program)
        .args(args)
        .spawn()
        .map_err(|error| format!("`{program}` could not be started: {error}"))
}

/// Runs a program in the foreground and prints how long it took.
pub fn run(program: &str, args: &[&str]) -> Done {
    let begun = Instant::now();
    let ended = start(program, args)?.wait();
    let seconds = begun.elapsed().as_secs_f32();
    eprintln!("({seconds:.0} s: {program} {})", args.join(" "));
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!(
            "`{program} {}` ended with {status}",
            args.join(" ")
        )),
        Err(error) => Err(format!("`{program}` could not be waited for: {error}")),
    }
}

/// Runs the cargo that started this program.
pub fn cargo(args: &[&str]) -> Done {
    run(
        &std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()),
        args,
    )
}

/// The output of a program if it succeeds.
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
