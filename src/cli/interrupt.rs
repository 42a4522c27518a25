//! What becomes of a run that somebody stops (Ctrl-C, or a request to end): files that are half written vanish, and
//! those that were there before stay.

#![expect(clippy::disallowed_methods, reason = "there is no way back to `main` from here")]

use super::waiting;
use crate::input::disk;

/// The exit code of a run that was stopped: 128 and the number of the signal.
const STOPPED: i32 = 130;

/// Cares for it from now on. Where that is not possible, a stopped run may leave a file that ends in `.leastwise-part`.
#[expect(clippy::exit, reason = "whoever stops a run does not want it to go on")]
pub(super) fn prepare() {
    // Whoever starts it with signals ignored (`nohup`) wants that to last.
    drop(ctrlc::try_set_handler(|| {
        // No file is begun or put into its place any more.
        let _abandoned = disk::abandon();
        waiting::clear();
        std::process::exit(STOPPED);
    }));
}
