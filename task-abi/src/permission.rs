//! What a launch may grant to a task.

use core::fmt;
use core::ops::BitOr;

/// One permission. Its number is its bit in [`Permissions`], on the wire as in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Permission {
    /// To write log lines.
    Log = 0,
    /// To read the node's clocks.
    Clock = 1,
    /// To read the environment that the launch gave it.
    Env = 2,
    /// To read the sensors among the devices of its launch.
    Sensor = 3,
    /// To write the actuators among the devices of its launch.
    Actuator = 4,
    /// To emit payloads to its framework.
    Emit = 5,
    /// To receive messages from its framework.
    Receive = 6,
    /// To use the node's key-value store.
    Kv = 7,
    /// To send CoAP requests.
    Network = 8,
}

impl Permission {
    /// Every permission, in the order of their bits.
    pub const ALL: [Self; 9] = [
        Self::Log,
        Self::Clock,
        Self::Env,
        Self::Sensor,
        Self::Actuator,
        Self::Emit,
        Self::Receive,
        Self::Kv,
        Self::Network,
    ];

    /// The name, as a launch writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Clock => "clock",
            Self::Env => "env",
            Self::Sensor => "sensor",
            Self::Actuator => "actuator",
            Self::Emit => "emit",
            Self::Receive => "receive",
            Self::Kv => "kv",
            Self::Network => "network",
        }
    }

    /// What it lets a task do, as the end of "lets a task ...".
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Log => "write log lines",
            Self::Clock => "read the node's clocks",
            Self::Env => "read the environment of its launch",
            Self::Sensor => "read the sensors among the devices of its launch",
            Self::Actuator => "write the actuators among the devices of its launch",
            Self::Emit => "emit payloads to its framework",
            Self::Receive => "receive messages from its framework",
            Self::Kv => "use the node's key-value store",
            Self::Network => "send CoAP requests",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no permission has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPermission;

impl fmt::Display for UnknownPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such permission; there are ")?;
        Permissions::ALL.fmt(f)
    }
}

impl core::error::Error for UnknownPermission {}

impl core::str::FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(name: &str) -> Result<Self, UnknownPermission> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.name() == name)
            .ok_or(UnknownPermission)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u32);

impl Permissions {
    /// None. A task may still sleep, exit and ask for the version.
    pub const NONE: Self = Self(0);

    /// Every one there is.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    /// The set with these bits, as the wire carries them. Bits that no permission has are left
    /// out, so that a newer master grants an older agent nothing that it would misread.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The bits, as the wire carries them.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `permission` is among them.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Those of these that are not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The permissions, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .into_iter()
            .filter(move |permission| self.contains(*permission))
    }
}

impl From<Permission> for Permissions {
    fn from(permission: Permission) -> Self {
        Self(permission.bit())
    }
}

impl BitOr<Self> for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions
            .into_iter()
            .fold(Self::NONE, |set, permission| set | permission.into())
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, permission) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{permission}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_follow_the_order_of_all() {
        for (index, permission) in Permission::ALL.into_iter().enumerate() {
            assert_eq!(Permissions::from(permission).bits(), 1 << index);
            assert_eq!(permission.name().parse(), Ok(permission));
        }
    }

    #[test]
    fn unknown_bits_grant_nothing() {
        assert_eq!(Permissions::from_bits(u32::MAX), Permissions::ALL);
        assert!(Permissions::from_bits(!Permissions::ALL.bits()).is_empty());
        assert_eq!("root".parse::<Permission>(), Err(UnknownPermission));
    }

    #[test]
    fn without_leaves_what_is_missing() {
        let needed: Permissions = [Permission::Log, Permission::Sensor].into_iter().collect();
        let granted = Permissions::from(Permission::Log);
        assert_eq!(needed.without(granted), Permission::Sensor.into());
        assert!(granted.without(needed).is_empty());
    }
}
