//! sysinfo as well as it can be used: kinds named, one process, lists reused.

use std::hint::black_box;

use sysinfo::{
    DiskRefreshKind, Disks, MemoryRefreshKind, Networks, Pid, ProcessRefreshKind,
    ProcessesToUpdate, System,
};

pub struct Tuned {
    system: System,
    networks: Networks,
    disks: Disks,
    pid: Pid,
}

impl Tuned {
    pub fn new() -> Self {
        Self {
            system: System::new().expect("sysinfo"),
            networks: Networks::new_with_refreshed_list().expect("networks"),
            disks: Disks::new_with_refreshed_list().expect("disks"),
            pid: Pid::from_u32(std::process::id()),
        }
    }

    pub fn sample(&mut self) {
        let process = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .without_tasks();
        self.system.refresh_cpu_usage();
        self.system
            .refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram().with_swap());
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[self.pid]),
            false,
            process,
        );
        self.networks.refresh(false);
        self.disks
            .refresh_specifics(false, DiskRefreshKind::nothing().with_storage());
        black_box(System::load_average().ok());
        black_box(self.system.process(self.pid).and_then(|p| p.open_files()));
    }
}
