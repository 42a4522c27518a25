//! The `leastwise` binary: parses the arguments, calls the command, returns the exit code.

#[expect(clippy::disallowed_methods, reason = "the arguments come from the environment")]
fn main() -> std::process::ExitCode {
    leastwise::cli::main(std::env::args_os())
}
