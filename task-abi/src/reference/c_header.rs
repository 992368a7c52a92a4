//! `edgerm_task.h`.

use core::fmt;

use super::{ORIGIN, Returns, wrapped};
use crate::limits::{MAX_EMIT, MAX_LOG, MAX_MESSAGE, MAX_NAME, MAX_URI, MAX_VALUE};
use crate::{
    ABI_VERSION, ErrorCode, HOST_FUNCTIONS, HostFunction, IMPORT_MODULE, LogLevel, Param,
    ParamKind, ValueType,
};

/// The C header of the host API.
#[derive(Clone, Copy, Debug)]
pub struct CHeader;

impl fmt::Display for CHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "/* SPDX-License-Identifier: MIT OR Apache-2.0 */\n\
             /* What an EdgeRM task may call, version {ABI_VERSION}. {ORIGIN} */\n\
             #ifndef EDGERM_TASK_H\n\
             #define EDGERM_TASK_H\n\n\
             #include <stdint.h>\n\n\
             #ifdef __cplusplus\n\
             extern \"C\" {{\n\
             #endif\n\n\
             /* The task: define it. What it returns is the exit code; 0 is success. */\n\
             int32_t _start(void);\n"
        )?;
        constants(f)?;
        writeln!(
            f,
            "#define EDGERM_IMPORT(name) \\\n    \
             __attribute__((import_module(\"{IMPORT_MODULE}\"), import_name(name)))"
        )?;
        for function in HOST_FUNCTIONS {
            declaration(f, function)?;
        }
        f.write_str(
            "\n#undef EDGERM_IMPORT\n\n\
             #ifdef __cplusplus\n}\n#endif\n\n\
             #endif /* EDGERM_TASK_H */\n",
        )
    }
}

fn constants(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("/* What a call returns where it fails. */\n")?;
    for error in ErrorCode::ALL {
        writeln!(
            f,
            "#define EDGERM_ERROR_{} ({}) /* {} */",
            error.name(),
            error.code(),
            error.meaning()
        )?;
    }
    f.write_str("\n/* Levels of edgerm_log. */\n")?;
    for level in LogLevel::ALL {
        writeln!(f, "#define EDGERM_LOG_{} {}", level.name(), level as i32)?;
    }
    f.write_str(
        "\n/* Timeouts besides milliseconds. */\n\
         #define EDGERM_NO_WAIT 0\n\
         #define EDGERM_WAIT_FOREVER (-1)\n\n\
         /* Bytes at most. */\n",
    )?;
    for (name, limit) in [
        ("EMIT", MAX_EMIT),
        ("MESSAGE", MAX_MESSAGE),
        ("LOG", MAX_LOG),
        ("NAME", MAX_NAME),
        ("VALUE", MAX_VALUE),
        ("URI", MAX_URI),
    ] {
        writeln!(f, "#define EDGERM_MAX_{name} {limit}")?;
    }
    f.write_str("\n")
}

fn declaration(f: &mut fmt::Formatter<'_>, function: &'static HostFunction) -> fmt::Result {
    f.write_str("\n/*\n")?;
    wrapped(f, " * ", function.doc)?;
    writeln!(f, " * {}", Returns(function))?;
    if let Some(permission) = function.permission {
        writeln!(f, " * Permission: {permission}.")?;
    }
    writeln!(f, " */\nEDGERM_IMPORT(\"{}\")", function.name)?;
    if function.result.is_none() {
        f.write_str("__attribute__((noreturn))\n")?;
    }
    writeln!(f, "{};", Prototype(function))
}

/// A function as C declares it.
pub(super) struct Prototype(pub(super) &'static HostFunction);

impl fmt::Display for Prototype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(function) = self;
        let result = match function.result {
            Some(ValueType::I32) => "int32_t",
            Some(ValueType::I64) => "int64_t",
            None => "void",
        };
        write!(f, "{result} edgerm_{}(", function.name)?;
        if function.params.is_empty() {
            f.write_str("void")?;
        }
        for (index, Param { name, kind }) in function.params.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}{name}", c_type(*kind))?;
        }
        f.write_str(")")
    }
}

/// The type in C, up to where the parameter's name follows.
const fn c_type(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Text => "const char *",
        ParamKind::Bytes => "const void *",
        ParamKind::Buffer => "void *",
        ParamKind::OutI64 => "int64_t *",
        ParamKind::Length | ParamKind::U32 => "uint32_t ",
        ParamKind::I32 => "int32_t ",
        ParamKind::I64 => "int64_t ",
    }
}
