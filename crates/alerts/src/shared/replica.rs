//! Who a replica is, over its restarts.

use std::io;
use std::path::Path;

use ulid::Ulid;

const FILE: &str = "replica-id";

/// The name of the replica whose folder that is: made up when it is asked for first, and the same from
/// then on. A folder belongs to one process at a time, so no two replicas have the same.
///
/// # Errors
/// When the folder cannot be read or written.
pub fn replica_id(folder: &Path) -> io::Result<String> {
    let path = folder.join(FILE);
    match std::fs::read_to_string(&path) {
        // Half a name is what a crash in the middle leaves.
        Ok(name) => {
            if let Ok(id) = name.trim().parse::<Ulid>() {
                return Ok(id.to_string());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
        Err(error) => return Err(error),
    }
    let id = Ulid::new().to_string();
    std::fs::write(&path, format!("{id}\n"))?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_replica_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let id = replica_id(folder.path()).unwrap();
        assert_eq!(replica_id(folder.path()).unwrap(), id);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(replica_id(other.path()).unwrap(), id);
        for left in [&b""[..], b"01ABC", b"\xff\xfe"] {
            std::fs::write(folder.path().join(FILE), left).unwrap();
            let new = replica_id(folder.path()).unwrap();
            assert_eq!(replica_id(folder.path()).unwrap(), new);
        }
        assert!(replica_id(Path::new("/proc/nothing/here")).is_err());
    }
}
