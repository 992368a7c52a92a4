//! `docs/host-api.md`.

use core::fmt;

use super::c_header::Prototype;
use super::{ORIGIN, Returns};
use crate::limits::{
    MAX_EMIT, MAX_ENV, MAX_LOG, MAX_MEMORY, MAX_MESSAGE, MAX_MODULE, MAX_NAME, MAX_TABLE_ELEMENTS,
    MAX_URI, MAX_VALUE,
};
use crate::{
    ABI_VERSION, ENTRY, ErrorCode, HOST_FUNCTIONS, HostFunction, IMPORT_MODULE, MEMORY, Permission,
    Trap,
};

/// The reference of the host API.
#[derive(Clone, Copy, Debug)]
pub struct Markdown;

impl fmt::Display for Markdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        introduction(f)?;
        permissions(f)?;
        f.write_str("\n## Functions\n")?;
        for function in HOST_FUNCTIONS {
            section(f, function)?;
        }
        errors(f)?;
        limits(f)?;
        ends(f)
    }
}

fn introduction(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "<!-- {ORIGIN} -->\n\
         # The host API, version {ABI_VERSION}\n\n\
         What a WASM task may call on its node: the same on Linux and on Zephyr. \
         `wasm-apps/README.md` shows how to write a task in Rust or in C.\n\n\
         A module\n\n\
         - exports its memory as `{MEMORY}`: every pointer below is an offset into it;\n\
         - exports `{ENTRY}` without parameters, and with no result or one i32, which is the \
         exit code: 0 is success, and what is meant where there is no result. The task runs \
         from its call to its return. A module with a start section is refused, because a kill \
         could not end it there;\n\
         - imports functions alone, from the module `{IMPORT_MODULE}`, with these names and \
         signatures.\n\n\
         There are no floats. A result that is negative is an error code, and nothing else has \
         changed then. Text is UTF-8 with its length in bytes, no NUL at its end. Pointers and \
         lengths are checked against the task's memory on every call; they may overlap. A \
         timeout is in milliseconds: 0 does not wait, a negative one waits for ever. A kill ends \
         a task that waits as one that runs."
    )
}

fn permissions(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(
        "\n## Permissions\n\n\
         A launch grants permissions. A function whose permission was not granted returns \
         `NOT_PERMITTED`. Admission derives from a module's imports what it needs; what needs \
         none is every task's. On the wire they are bits of one number.\n\n\
         | permission | bit | lets a task |\n|---|---|---|\n",
    )?;
    for (bit, permission) in Permission::ALL.into_iter().enumerate() {
        writeln!(f, "| `{permission}` | {bit} | {} |", permission.purpose())?;
    }
    Ok(())
}

fn section(f: &mut fmt::Formatter<'_>, function: &'static HostFunction) -> fmt::Result {
    writeln!(
        f,
        "\n### `{}`\n\n```c\n{};\n```\n",
        function.name,
        Prototype(function)
    )?;
    write!(
        f,
        "```wat\n(import \"{IMPORT_MODULE}\" \"{}\" (func",
        function.name
    )?;
    if !function.params.is_empty() {
        f.write_str(" (param")?;
        for value_type in function.param_types() {
            write!(f, " {value_type}")?;
        }
        f.write_str(")")?;
    }
    if let Some(result) = function.result {
        write!(f, " (result {result})")?;
    }
    writeln!(f, "))\n```\n\n{} {}\n", function.doc, Returns(function))?;
    match function.permission {
        Some(permission) => write!(f, "Permission: `{permission}`.")?,
        None => f.write_str("Permission: none.")?,
    }
    write!(f, " Since: {}.", function.since)?;
    for (index, error) in function.errors.iter().enumerate() {
        let separator = if index == 0 { " Errors: " } else { ", " };
        write!(f, "{separator}`{}`", error.name())?;
    }
    f.write_str(if function.errors.is_empty() {
        "\n"
    } else {
        ".\n"
    })
}

fn errors(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\n## Error codes\n\n| code | name | means |\n|---|---|---|\n")?;
    for error in ErrorCode::ALL {
        writeln!(
            f,
            "| {} | `{}` | {} |",
            error.code(),
            error.name(),
            error.meaning()
        )?;
    }
    Ok(())
}

fn limits(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "\n## Limits\n\n| of | at most |\n|---|---|\n\
         | an emitted payload | {MAX_EMIT} bytes |\n\
         | a message to a task | {MAX_MESSAGE} bytes |\n\
         | a log line | {MAX_LOG} bytes |\n\
         | a name: of a device, an environment variable, a key | {MAX_NAME} bytes |\n\
         | environment variables | {MAX_ENV} |\n\
         | a stored value | {MAX_VALUE} bytes |\n\
         | a URI | {MAX_URI} bytes |\n\
         | a module, unless the master is configured otherwise | {} MiB |\n\
         | memory that a module starts with, unless the master is configured otherwise | \
         {} MiB |\n\
         | elements of a table | {MAX_TABLE_ELEMENTS} |\n\n\
         A task that is launched with less memory than its module starts with has just so many \
         bytes, on nodes whose engine has `custom-page-sizes`. A module can be launched so where \
         it uses neither `memory.size` nor `memory.grow`, and no less than its stack and its \
         data take; with data that start as zeroes it must export `__heap_base`, by which the \
         linker tells where they end.\n\n\
         How much of a core a task has is told by the `cpus` of its launch, and what that means by \
         [resources.md](resources.md#what-holds-a-task-to-them). A task cannot tell that it waited, \
         but by its clock.\n",
        MAX_MODULE >> 20,
        MAX_MEMORY >> 20,
    )
}

fn ends(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "\n## How a task ends\n\n\
         It is COMPLETED where `{ENTRY}` returned without a result or with 0, or the task \
         called `exit(0)`; ERRORED where the exit code is another, or it could not go on; KILLED \
         where it was told to end. `memory.grow` beyond the memory of the launch does not return \
         -1: it ends the task. An ERRORED task's detail is one of\n\n"
    )?;
    for trap in Trap::ALL {
        writeln!(f, "- {trap}")?;
    }
    Ok(())
}
