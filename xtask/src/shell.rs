//! Running other programs, and saying which one failed.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Nothing, or why not, for the person.
pub type Done = Result<(), String>;

/// Starts a program, which goes on by itself.
pub fn start(program: &str, args: &[&str]) -> Result<Child, String> {
    eprintln!("\n$ {program} {}", args.join(" "));
    Command::new(program)
        .args(args)
        .spawn()
        .map_err(|error| format!("`{program}` could not be started: {error}"))
}

/// Runs a program in the foreground, and says how long it took.
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
        Err(error) => Err(format!("`{program}` was lost sight of: {error}")),
    }
}

/// Runs the cargo that runs us.
pub fn cargo(args: &[&str]) -> Done {
    run(
        &std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()),
        args,
    )
}

/// What a program prints, if it runs and succeeds.
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
