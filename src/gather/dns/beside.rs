//! Runs a task together with a supporting task.

use std::future::Future;

/// Runs a task together with a second task that supports it, for example by looking up records in advance. The second
/// task is dropped when the first ends.
pub(in crate::gather) async fn beside<T>(
    mut work: impl Future<Output = T> + Unpin,
    support: impl Future<Output = ()> + Unpin,
) -> T {
    tokio::select! {
        biased;
        result = &mut work => return result,
        () = support => {}
    }
    work.await
}
