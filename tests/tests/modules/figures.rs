//! What became of all modules.

use std::collections::BTreeMap;
use std::fmt;

use crate::smith::Kind;

/// Failures that are kept whole.
const MAX_SHOWN: usize = 20;

/// Counts of all modules.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    by_kind: BTreeMap<Kind, Counts>,
    refusals: BTreeMap<String, u64>,
    crashes: u64,
    failures: Vec<String>,
}

/// Counts of the modules of one kind.
#[derive(Debug, Default)]
struct Counts {
    made: u64,
    admitted: u64,
    /// How they ended in each engine; in wasm3 the variants too.
    wasmi: Ends,
    wasm3: Ends,
    /// Variants for small nodes that wasm3 was given too.
    variants: u64,
}

#[derive(Debug, Default)]
struct Ends(BTreeMap<String, u64>);

impl Ends {
    fn count(&mut self, end: &str) {
        *self.0.entry(end.to_owned()).or_default() += 1;
    }

    fn of(&self, end: &str) -> u64 {
        self.0.get(end).copied().unwrap_or(0)
    }

    /// Those that did something.
    fn ran(&self) -> u64 {
        self.of("exited") + self.of("trapped") + self.of("killed")
    }
}

impl Figures {
    /// Takes a line of the child.
    pub(crate) fn count(&mut self, index: u64, line: &str) {
        let counts = self.by_kind.entry(Kind::of(index)).or_default();
        let (step, rest) = line.split_once(' ').unwrap_or((line, ""));
        match step {
            "make" => counts.made += 1,
            "refused" => *self.refusals.entry(rest.to_owned()).or_default() += 1,
            "wasmi" => counts.admitted += 1,
            "ended" => counts.wasmi.count(rest),
            "ended3" => counts.wasm3.count(rest),
            "variant" => counts.variants += 1,
            "differs" => self.failed(index, line.to_owned()),
            _ => {}
        }
    }

    /// A module did what none may.
    pub(crate) fn failed(&mut self, index: u64, what: String) {
        self.crashes += u64::from(!what.starts_with("differs"));
        if self.failures.len() < MAX_SHOWN {
            self.failures.push(format!("module {index} {what}"));
        }
    }

    /// What none may have done.
    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The test is none where nothing is admitted, or nothing runs.
    pub(crate) fn assert_meaningful(&self) {
        for (kind, counts) in &self.by_kind {
            let share = |part: u64| part * 100 / counts.made.max(1);
            let least = match (kind.is_task, kind.is_mutated) {
                (true, false) => 60,
                (true, true) => 4,
                (false, _) => continue,
            };
            assert!(share(counts.admitted) >= least, "{kind}: {counts:?}");
            assert!(share(counts.wasmi.ran()) >= least / 2, "{kind}: {counts:?}");
            assert!(share(counts.wasm3.ran()) >= least / 4, "{kind}: {counts:?}");
        }
        assert!(self.refusals.len() > 5, "{:?}", self.refusals);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| modules | made | admitted | wasmi: exited | trapped | out of fuel | no room | not started \
             | wasm3, variants too: exited | trapped | started alone | no room | not started |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|---|---|---|")?;
        for (kind, counts) in &self.by_kind {
            let Counts {
                made,
                admitted,
                wasmi,
                wasm3,
                variants: _,
            } = counts;
            write!(f, "| {kind} | {made} | {admitted} |")?;
            for ends in [wasmi, wasm3] {
                for end in ["exited", "trapped", "killed", "no-room", "not-started"] {
                    write!(f, " {} |", ends.of(end))?;
                }
            }
            writeln!(f)?;
        }
        let variants: u64 = self.by_kind.values().map(|counts| counts.variants).sum();
        writeln!(f, "\nvariants for small nodes, of these: {variants}")?;
        writeln!(f, "refused by rule: {:?}", self.refusals)?;
        writeln!(f, "crashes and hangs: {}", self.crashes)?;
        for failure in &self.failures {
            writeln!(f, "{failure}")?;
        }
        Ok(())
    }
}
