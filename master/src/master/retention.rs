//! How long tasks that ended are remembered: so many at most, and for so long.

use edgerm_protocol::Instant;

use super::{Master, Timer};

impl Master {
    /// Looks at the oldest task that ended when it is due, unless that is so already.
    pub(super) fn set_retention_timer(&mut self) {
        if self.retention_at.is_some() {
            return;
        }
        let keep = self.config.timing.keep_ended;
        if let Some(oldest) = self.ledger.first_ended() {
            // What ended just then is forgotten with it.
            let at = oldest.moved_at() + keep + RESOLUTION;
            self.retention_at = Some(at);
            self.timers.insert((at, Timer::Retention));
        }
    }

    pub(super) fn on_retention_timer(&mut self, now: Instant) {
        self.retention_at = None;
        let kept = self.config.timing.keep_ended.as_millis();
        let kept = u64::try_from(kept).unwrap_or(u64::MAX);
        let since = Instant::from_millis(now.as_millis().saturating_sub(kept));
        let forgotten = self.ledger.forget_tasks_before(since);
        self.commit_all(now, forgotten);
        self.set_retention_timer();
    }
}

/// How long a task may be remembered beyond its time, so that many are forgotten at once.
const RESOLUTION: std::time::Duration = std::time::Duration::from_secs(1);
