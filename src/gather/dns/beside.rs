//! Runs one task beside another.

use std::future::Future;

/// Runs a task while another one supports it, for example by looking up in advance what the task will need. The second
/// is dropped when the first ends.
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
