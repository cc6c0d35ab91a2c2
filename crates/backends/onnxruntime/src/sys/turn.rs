use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What of a session's work no other session may do at the same time.
///
/// A lock of this crate's, since the runtime takes none between sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alone {
    /// Nothing: any session may do anything.
    Never,
    /// Being loaded and released. CUDA's provider then waits for the whole device, which fails while a convolution
    /// of another session is being captured, and fails that run too.
    Loading,
    /// Everything. WebGPU's sessions share one device and the encoder of its commands without a lock: a process that
    /// runs or loads two at once crashes.
    Always,
}

static WORK: RwLock<()> = RwLock::new(());

/// The right to work, for as long as it is held.
#[must_use]
pub(crate) enum Turn {
    /// Nobody was to be waited for.
    Free,
    /// Others may run, and none be loaded.
    Shared { _guard: RwLockReadGuard<'static, ()> },
    /// Nobody else works.
    Alone { _guard: RwLockWriteGuard<'static, ()> },
}

impl Alone {
    /// Waits until a session may be loaded or released.
    pub(crate) fn load(self) -> Turn {
        match self {
            Self::Never => Turn::Free,
            Self::Loading | Self::Always => exclusive(),
        }
    }

    /// Waits until a session may run.
    pub(crate) fn run(self) -> Turn {
        match self {
            Self::Never => Turn::Free,
            Self::Loading => Turn::Shared { _guard: WORK.read().unwrap_or_else(PoisonError::into_inner) },
            Self::Always => exclusive(),
        }
    }
}

fn exclusive() -> Turn {
    Turn::Alone { _guard: WORK.write().unwrap_or_else(PoisonError::into_inner) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_share_where_only_loading_is_alone() {
        let first = Alone::Loading.run();
        let second = Alone::Loading.run();
        assert!(matches!((first, second), (Turn::Shared { .. }, Turn::Shared { .. })));
        let alone = Alone::Always.run();
        assert!(WORK.try_read().is_err());
        drop(alone);
        let loading = Alone::Loading.load();
        assert!(WORK.try_read().is_err() && matches!(Alone::Never.run(), Turn::Free));
        drop(loading);
    }
}
