//! What every message has in common: a map from small numbers to values, and enums that are
//! numbers.

/// Writes and reads a struct as a map: `cbor_map!(Kill { 0: session, 1: task })`.
///
/// A key that is unknown is passed over; of one that stands there twice, the last counts. `via`
/// names the function that reads a field whose type alone does not say how; `of` names the type
/// parameters of a struct that has some.
macro_rules! cbor_map {
    ($name:ident $(<$lifetime:lifetime>)? $(of $($part:ident),+)? {
        $($key:literal: $field:ident $(via $read:path)?),* $(,)?
    }) => {
        impl<$($lifetime,)? $($($part: $crate::codec::Encode),+)?> $crate::codec::Encode
            for $crate::cbor::cbor_map!(@of $name $($lifetime)? $($($part)+)?)
        {
            fn encode(&self, encoder: &mut $crate::codec::Encoder<'_>) {
                encoder.map_of(|encoder| 0 $(+ encoder.entry($key, &self.$field))*);
            }
        }

        impl<'b, $($($part: $crate::codec::Decode<'b>),+)?> $crate::codec::Decode<'b>
            for $crate::cbor::cbor_map!(@read_from 'b $name $($lifetime)? $($($part)+)?)
        {
            fn decode(
                decoder: &mut $crate::codec::Decoder<'b>,
            ) -> Result<Self, $crate::codec::Stopped> {
                $(let mut $field = $crate::codec::Decode::absent();)*
                for _ in 0..decoder.map()? {
                    match decoder.key()? {
                        $(Some($key) => {
                            $field = Some($crate::cbor::cbor_map!(@read decoder $($read)?)?);
                        })*
                        _ => decoder.skip()?,
                    }
                }
                Ok(Self { $($field: decoder.present($field)?),* })
            }
        }
    };
    (@read_from $b:lifetime $name:ident $lifetime:lifetime $($part:ident)*) => {
        $crate::cbor::cbor_map!(@of $name $b $($part)*)
    };
    (@read_from $b:lifetime $name:ident $($part:ident)*) => {
        $crate::cbor::cbor_map!(@of $name $($part)*)
    };
    (@of $name:ident $lifetime:lifetime $($part:ident)*) => { $name<$lifetime, $($part),*> };
    (@of $name:ident $($part:ident)*) => { $name<$($part),*> };
    (@read $decoder:ident) => { $decoder.read() };
    (@read $decoder:ident $read:path) => { $read($decoder) };
}

/// Writes and reads an enum as a number: `cbor_numbers!(LogLevel { 1: Error, 2: Warning })`. A
/// number that is not known here is out of range: to guess would lose what it says.
macro_rules! cbor_numbers {
    ($name:ident { $($number:literal: $variant:ident),* $(,)? }) => {
        impl $crate::codec::Encode for $name {
            fn encode(&self, encoder: &mut $crate::codec::Encoder<'_>) {
                encoder.unsigned(match self { $(Self::$variant => $number),* });
            }
        }

        impl $crate::codec::Decode<'_> for $name {
            fn decode(
                decoder: &mut $crate::codec::Decoder<'_>,
            ) -> Result<Self, $crate::codec::Stopped> {
                let at = decoder.position();
                match decoder.unsigned::<u64>()? {
                    $($number => Ok(Self::$variant),)*
                    _ => decoder.out_of_range(at),
                }
            }
        }
    };
}

pub(crate) use {cbor_map, cbor_numbers};
