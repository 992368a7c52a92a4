//! Settings from flags, environment and file, the first that has one.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use edgerm_protocol::owned::Attributes;
use edgerm_protocol::resource::Name;

use super::amount::{self, Wanted};
use super::environment::{Environment, default_data_dir, nonempty};
use super::file::{File, Scalar};
use super::reserve::{self, Disk};
use super::word::{attribute, attribute_name, host_and_port, name, slot_count};
use super::{Args, Config, ConfigError, DEFAULT_MASTER, Setting, credential};
use crate::containers::ContainersConfig;
use crate::machine::{Machine, filesystem};

/// What every variable of the environment begins with.
const PREFIX: &str = "EDGERM_AGENT_";

impl Config {
    /// The configuration by these flags, the environment of this process, the file they name,
    /// and the defaults of this machine.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], by the first setting that cannot be followed.
    pub fn load(args: &Args) -> Result<Self, ConfigError> {
        Self::load_with(args, &|variable| env::var_os(variable), Machine::this())
    }

    /// The same for another environment, of which `env` tells a variable by its name, and
    /// another machine.
    ///
    /// # Errors
    ///
    /// As [`Config::load`] has.
    pub fn load_with(
        args: &Args,
        env: Environment<'_>,
        machine: Machine,
    ) -> Result<Self, ConfigError> {
        let variable = || nonempty(env, &format!("{PREFIX}CONFIG")).map(PathBuf::from);
        let path = args.config.clone().or_else(variable);
        let file = path.as_deref().map_or(Ok(File::default()), read)?;
        let path = path.unwrap_or_default();
        let source = Source { env, path: &path };
        source.config(args, file, machine)
    }
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let text = fs::read_to_string(path).map_err(|cause| ConfigError::Read {
        path: path.to_owned(),
        cause,
    })?;
    toml::from_str(&text).map_err(|cause| ConfigError::Syntax {
        path: path.to_owned(),
        cause: Box::new(cause),
    })
}

/// Where settings come from beside the flags.
pub(super) struct Source<'a> {
    env: Environment<'a>,
    path: &'a Path,
}

impl Source<'_> {
    fn config(&self, args: &Args, file: File, machine: Machine) -> Result<Config, ConfigError> {
        let credential = self.path("credential", &args.credential, file.credential);
        let name = self.setting("name", &args.name, file.name, name)?;
        let enrolled = || credential::name(credential.as_deref()?);
        let name = name.or_else(enrolled).unwrap_or_else(|| {
            let hostname = Name::cut(&machine.hostname);
            hostname.map_or_else(|| "agent".to_owned(), |name| name.as_str().to_owned())
        });
        let master = self.setting("master", &args.master, file.master, host_and_port)?;
        let master = master.unwrap_or_else(|| DEFAULT_MASTER.to_owned());
        let data_dir = self
            .path("data_dir", &args.data_dir, file.data_dir)
            .unwrap_or_else(|| default_data_dir(self.env, &name));

        let disk = self.setting("disk", &args.disk, file.disk, reserve::disk)?;
        let machine = Machine {
            disk: match disk {
                Some(Disk::Of(filesystem)) => Some(filesystem),
                Some(Disk::Bytes(_)) => None,
                None => filesystem(&data_dir),
            },
            ..machine
        };
        let reserve = self.reserve(file.reserve)?;
        let mut config = Config::with_defaults(name, master, data_dir, machine, reserve);
        config.credential = credential;
        if let Some(Disk::Bytes(bytes)) = disk {
            config.disk = bytes;
        }
        let Config {
            cpus,
            mem,
            ports,
            slots,
            ..
        } = &mut config;
        self.set(cpus, "cpus", &args.cpus, file.cpus, amount::cores)?;
        self.set(mem, "mem", &args.mem, file.mem, amount::bytes)?;
        self.set(ports, "ports", &args.ports, file.ports, amount::ports)?;
        self.set(slots, "slots", &args.slots, file.slots, slot_count)?;
        let Config {
            max_task_mem,
            module_cache,
            restart,
            ping_period,
            hwmon,
            iio,
            ..
        } = &mut config;
        self.set(
            max_task_mem,
            "max_task_mem",
            &args.max_task_mem,
            file.max_task_mem,
            amount::bytes_32,
        )?;
        self.set(
            module_cache,
            "module_cache",
            &args.module_cache,
            file.module_cache,
            amount::bytes,
        )?;
        self.set(
            restart,
            "restart",
            &args.restart,
            file.restart,
            amount::boolean,
        )?;
        self.set(
            ping_period,
            "ping_period",
            &args.ping_period,
            file.ping_period,
            amount::ping_period,
        )?;
        self.set(hwmon, "hwmon", &args.hwmon, file.hwmon, amount::boolean)?;
        self.set(iio, "iio", &args.iio, file.iio, amount::boolean)?;

        let docker = self.path("docker", &args.docker, file.docker);
        config.containers = docker.map(|socket| ContainersConfig {
            socket,
            mounts: file.container.mounts,
            capabilities: file.container.capabilities,
            host_network: file.container.host_network,
        });
        if config.containers.is_some() && !config.restart {
            return Err(ConfigError::ContainersWithoutRestart);
        }

        let in_file = file.attributes.into_iter();
        config.attributes = in_file.map(|(name, value)| (name, value.into())).collect();
        self.check_attributes(&config.attributes)?;
        self.add_attributes(&mut config.attributes, &args.attributes)?;
        config.sensors = self.sensors(file.sensor)?;
        config.actuators = self.actuators(file.actuator)?;
        Ok(config)
    }

    /// What the first place that has this path says.
    fn path(&self, key: &str, flag: &Option<PathBuf>, file: Option<PathBuf>) -> Option<PathBuf> {
        flag.clone()
            .or_else(|| nonempty(self.env, &variable(key)).map(PathBuf::from))
            .or_else(|| file.map(|path| self.beside(path)))
    }

    /// Replaces a default by what a setting says.
    fn set<T>(
        &self,
        value: &mut T,
        key: &str,
        flag: &Option<String>,
        file: Option<Scalar>,
        parse: fn(&str) -> Result<T, Wanted>,
    ) -> Result<(), ConfigError> {
        if let Some(said) = self.setting(key, flag, file, parse)? {
            *value = said;
        }
        Ok(())
    }

    /// What the first place that has this setting says.
    fn setting<T>(
        &self,
        key: &str,
        flag: &Option<String>,
        file: Option<Scalar>,
        parse: fn(&str) -> Result<T, Wanted>,
    ) -> Result<Option<T>, ConfigError> {
        let (setting, value) = if let Some(value) = flag {
            (flag_setting(key), value.clone())
        } else if let Some(value) = nonempty(self.env, &variable(key)) {
            (Setting::Environment(variable(key)), text(key, value)?)
        } else if let Some(Scalar(value)) = file {
            (self.in_file(key), value)
        } else {
            return Ok(None);
        };
        understood(setting, value, parse).map(Some)
    }

    /// Attributes of the environment, then those of flags, each in place of one of that name.
    fn add_attributes(&self, all: &mut Attributes, flags: &[String]) -> Result<(), ConfigError> {
        if let Some(value) = nonempty(self.env, &variable("attributes")) {
            let setting = Setting::Environment(variable("attributes"));
            let value = text("attributes", value)?;
            for pair in value
                .split(';')
                .map(str::trim)
                .filter(|pair| !pair.is_empty())
            {
                all.extend([understood(setting.clone(), pair.to_owned(), attribute)?]);
            }
        }
        for pair in flags {
            all.extend([understood(
                flag_setting("attribute"),
                pair.clone(),
                attribute,
            )?]);
        }
        Ok(())
    }

    fn check_attributes(&self, attributes: &Attributes) -> Result<(), ConfigError> {
        attributes.iter().try_for_each(|(name, value)| {
            attribute_name(name).map_err(|wanted| ConfigError::Value {
                setting: self.in_file(&format!("attributes.{name}")),
                value: value.to_string(),
                wanted,
            })
        })
    }

    /// A setting of the file.
    pub(super) fn in_file(&self, key: &str) -> Setting {
        Setting::File {
            key: key.to_owned(),
            path: self.path.to_owned(),
        }
    }

    /// A path of the file, which begins at the file's folder.
    pub(super) fn beside(&self, path: PathBuf) -> PathBuf {
        self.path
            .parent()
            .map_or(path.clone(), |folder| folder.join(path))
    }
}

/// What a setting says, or an error that says where.
pub(super) fn understood<T>(
    setting: Setting,
    value: String,
    parse: impl FnOnce(&str) -> Result<T, Wanted>,
) -> Result<T, ConfigError> {
    parse(&value).map_err(|wanted| ConfigError::Value {
        setting,
        value,
        wanted,
    })
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase())
}

fn flag_setting(key: &str) -> Setting {
    Setting::Flag(format!("--{}", key.replace('_', "-")))
}

/// The text of a variable.
fn text(key: &str, value: OsString) -> Result<String, ConfigError> {
    value.into_string().map_err(|value| ConfigError::Value {
        setting: Setting::Environment(variable(key)),
        value: value.to_string_lossy().into_owned(),
        wanted: "write UTF-8",
    })
}
