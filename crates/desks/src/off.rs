//! Work that takes a while, off the runtime.

/// Does what goes through much, as there is in an incident, on the runtime's threads for blocking calls.
///
/// # Panics
///
/// As the work itself does.
pub async fn off<D, T>(desk: &D, work: impl Fn(&D) -> T + Clone + Send + 'static) -> T
where
    D: Clone + Send + 'static,
    T: Send + 'static,
{
    let (other, task) = (desk.clone(), work.clone());
    match tokio::task::spawn_blocking(move || task(&other)).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is stopping and takes no more of them.
        Err(_) => work(desk),
    }
}
