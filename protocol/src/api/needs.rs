//! Whether an agent can run a module, and with which memory. The master holds launches to this
//! rule; whoever chooses agents or asks why none fits goes by the same.

use alloc::string::String;
use core::fmt;

use super::Module;
use crate::owned::{AttributeValue, Attributes};
use crate::standard::attributes::{MAX_MODULE, MAX_TASK_MEM, WASM_FEATURES};

/// Bytes of memory that a task is given beyond its module's own unless told, for what the
/// engine keeps of it.
pub const ENGINE_MEM: u64 = 64 * 1024;

/// The WASM feature of an engine by which a task may have less memory than a page.
pub const CUSTOM_PAGE_SIZES: &str = "custom-page-sizes";

/// What a module needs of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs<'a> {
    /// Bytes that the module has.
    pub size: u64,
    /// Bytes of memory that it starts with.
    pub memory: u64,
    /// Bytes of memory that a variant of it can run in: `memory` where there is none.
    pub memory_needed: u64,
    /// Names of the WASM features that it uses.
    pub features: &'a [String],
}

/// How an agent can run a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Bytes of memory of the task.
    pub mem: u64,
    /// Whether it runs a variant of the module, whose memory has exactly `mem` bytes.
    pub is_variant: bool,
}

/// Why an agent cannot run a module, or not with the memory that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// Its engine lacks a WASM feature that the module uses.
    MissingFeature(String),
    /// It takes no module of so many bytes.
    ModuleTooLarge {
        /// Bytes that the module has.
        bytes: u64,
        /// Bytes that the agent takes.
        most: u64,
    },
    /// Less memory than the module can run in, in bytes.
    TooLittleMemory {
        /// What is asked for.
        asked: u64,
        /// What the module needs.
        needed: u64,
    },
    /// Less memory than the module starts with, where the engine gives only whole pages.
    WholePages {
        /// Bytes asked for, or given to one task at most.
        asked: u64,
        /// Bytes that the module starts with.
        memory: u64,
    },
    /// More memory than the agent gives to one task, in bytes.
    TooMuchMemory {
        /// What is asked for, or needed.
        asked: u64,
        /// What the agent gives.
        most: u64,
    },
}

impl Module {
    /// What the module needs of an agent.
    pub fn needs(&self) -> Needs<'_> {
        Needs {
            size: self.size,
            memory: self.memory,
            memory_needed: self.memory_needed,
            features: &self.features,
        }
    }
}

impl Needs<'_> {
    /// How an agent of these attributes can run the module in `mem` bytes of memory. `None`: in
    /// what suits it, which is what the module starts with and [`ENGINE_MEM`], or what the agent
    /// gives to one task, or what a variant needs, in this order.
    ///
    /// An agent that does not tell a limit is not held to it.
    ///
    /// # Errors
    ///
    /// [`Unfit`], by the first thing that it lacks.
    pub fn fit(&self, agent: &Attributes, mem: Option<u64>) -> Result<Fit, Unfit> {
        if let Some(feature) = self
            .features
            .iter()
            .find(|it| has(agent, it) == Some(false))
        {
            return Err(Unfit::MissingFeature(feature.clone()));
        }
        if let Some(most) = number(agent, MAX_MODULE).filter(|most| self.size > *most) {
            let bytes = self.size;
            return Err(Unfit::ModuleTooLarge { bytes, most });
        }
        let most = number(agent, MAX_TASK_MEM).unwrap_or(u64::MAX);
        match mem {
            Some(asked) if asked > most => Err(Unfit::TooMuchMemory { asked, most }),
            Some(asked) => self.fit_in(agent, asked),
            None if most >= self.memory => Ok(Fit {
                mem: self.memory.saturating_add(ENGINE_MEM).min(most),
                is_variant: false,
            }),
            None if most < self.memory_needed => Err(Unfit::TooMuchMemory {
                asked: self.memory_needed,
                most,
            }),
            None => match self.fit_in(agent, self.memory_needed) {
                Err(Unfit::WholePages { memory, .. }) => Err(Unfit::WholePages {
                    asked: most,
                    memory,
                }),
                other => other,
            },
        }
    }

    fn fit_in(&self, agent: &Attributes, mem: u64) -> Result<Fit, Unfit> {
        let is_variant = mem < self.memory;
        if mem < self.memory_needed {
            let (asked, needed) = (mem, self.memory_needed);
            Err(Unfit::TooLittleMemory { asked, needed })
        } else if is_variant && has(agent, CUSTOM_PAGE_SIZES) != Some(true) {
            let (asked, memory) = (mem, self.memory);
            Err(Unfit::WholePages { asked, memory })
        } else {
            Ok(Fit { mem, is_variant })
        }
    }
}

/// Whether the engine has the feature; `None` where the agent does not tell features.
fn has(agent: &Attributes, feature: &str) -> Option<bool> {
    match agent.get(WASM_FEATURES)? {
        AttributeValue::Texts(has) => Some(has.iter().any(|has| has == feature)),
        AttributeValue::Text(has) => Some(has == feature),
        AttributeValue::Number(_) => None,
    }
}

fn number(agent: &Attributes, name: &str) -> Option<u64> {
    match agent.get(name)? {
        AttributeValue::Number(number) => Some(*number),
        AttributeValue::Text(_) | AttributeValue::Texts(_) => None,
    }
}

impl Unfit {
    /// The rule's name for programs, in camelCase.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingFeature(_) | Self::WholePages { .. } => "missingFeature",
            Self::ModuleTooLarge { .. } => "moduleTooLarge",
            Self::TooLittleMemory { .. } => "tooLittleMemory",
            Self::TooMuchMemory { .. } => "tooMuchMemory",
        }
    }

    /// The part of a launch that asks for too much or too little.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::MissingFeature(_) | Self::ModuleTooLarge { .. } => "module",
            Self::TooLittleMemory { .. } | Self::WholePages { .. } | Self::TooMuchMemory { .. } => {
                "resources.mem"
            }
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingFeature(feature) => write!(
                f,
                "the module uses {feature}, which the agent's engine lacks: build it without, or \
                 choose an agent with it in wasm_features"
            ),
            Self::ModuleTooLarge { bytes, most } => write!(
                f,
                "the module has {bytes} bytes, more than the {most} that the agent takes: \
                 optimise it for size, or choose an agent with a larger max_module"
            ),
            Self::TooLittleMemory { asked, needed } => write!(
                f,
                "{asked} bytes of mem are less than the {needed} that the module needs"
            ),
            Self::WholePages { asked, memory } => write!(
                f,
                "{asked} bytes of mem are less than the {memory} that the module starts with, and \
                 the agent's engine has no {CUSTOM_PAGE_SIZES} to start it with less"
            ),
            Self::TooMuchMemory { asked, most } => write!(
                f,
                "{asked} bytes of mem are more than the {most} that the agent gives to one task"
            ),
        }
    }
}

impl core::error::Error for Unfit {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;
    use alloc::vec::Vec;

    const PAGE: u64 = 65_536;

    fn texts(texts: &[&str]) -> AttributeValue {
        AttributeValue::Texts(texts.iter().map(|&text| text.into()).collect())
    }

    fn agent(features: &[&str], max_task_mem: u64) -> Attributes {
        Attributes::from([
            (WASM_FEATURES.to_string(), texts(features)),
            (
                MAX_TASK_MEM.to_string(),
                AttributeValue::Number(max_task_mem),
            ),
            (MAX_MODULE.to_string(), AttributeValue::Number(1000)),
        ])
    }

    const fn needs(memory: u64, memory_needed: u64) -> Needs<'static> {
        Needs {
            size: 1000,
            memory,
            memory_needed,
            features: &[],
        }
    }

    const fn whole(mem: u64) -> Result<Fit, Unfit> {
        let is_variant = false;
        Ok(Fit { mem, is_variant })
    }

    const fn small(mem: u64) -> Result<Fit, Unfit> {
        let is_variant = true;
        Ok(Fit { mem, is_variant })
    }

    #[test]
    fn memory_is_what_suits_the_agent() {
        let too_much = |asked, most| Err(Unfit::TooMuchMemory { asked, most });
        let too_little = |asked, needed| Err(Unfit::TooLittleMemory { asked, needed });
        let whole_pages = |asked| {
            let memory = PAGE;
            Err(Unfit::WholePages { asked, memory })
        };
        let server = agent(&[CUSTOM_PAGE_SIZES], 1 << 20);
        let board = agent(&[CUSTOM_PAGE_SIZES], 8192);
        let old_board = agent(&["floats"], 8192);
        let silent = Attributes::new();
        let module = needs(PAGE, 4240);
        let rigid = needs(PAGE, PAGE);
        let cases = [
            (&module, &server, None, whole(PAGE + ENGINE_MEM)),
            (&module, &agent(&[], PAGE + 1), None, whole(PAGE + 1)),
            (&module, &board, None, small(4240)),
            (&module, &old_board, None, whole_pages(8192)),
            (
                &module,
                &agent(&[CUSTOM_PAGE_SIZES], 4239),
                None,
                too_much(4240, 4239),
            ),
            (&module, &silent, None, whole(PAGE + ENGINE_MEM)),
            (&rigid, &board, None, too_much(PAGE, 8192)),
            (&module, &server, Some(PAGE), whole(PAGE)),
            (&module, &server, Some(PAGE - 1), small(PAGE - 1)),
            (&module, &board, Some(4240), small(4240)),
            (&module, &board, Some(4239), too_little(4239, 4240)),
            (&module, &board, Some(8193), too_much(8193, 8192)),
            (&module, &old_board, Some(8000), whole_pages(8000)),
            (&module, &silent, Some(8000), whole_pages(8000)),
            (&rigid, &board, Some(8000), too_little(8000, PAGE)),
        ];
        for (needs, agent, mem, expected) in cases {
            assert_eq!(
                needs.fit(agent, mem),
                expected,
                "{needs:?} {mem:?} {agent:?}"
            );
        }
    }

    #[test]
    fn what_the_agent_lacks_comes_first() {
        let features: Vec<_> = vec!["floats".to_string()];
        let module = Needs {
            features: &features,
            ..needs(PAGE, 4240)
        };
        let lacks = Err(Unfit::MissingFeature("floats".to_string()));
        assert_eq!(module.fit(&agent(&["sign-ext"], 1), None), lacks);
        let told = Attributes::from([(
            WASM_FEATURES.to_string(),
            AttributeValue::Text("floats".into()),
        )]);
        assert!(module.fit(&told, None).is_ok());
        let large = Needs {
            size: 1001,
            ..needs(PAGE, 4240)
        };
        assert_eq!(
            large.fit(&agent(&[], 1), None),
            Err(Unfit::ModuleTooLarge {
                bytes: 1001,
                most: 1000
            })
        );
    }
}
