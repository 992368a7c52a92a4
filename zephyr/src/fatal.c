/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What follows a panic or a fatal error.
 */
#include <zephyr/fatal.h>
#include <zephyr/logging/log_ctrl.h>
#include <zephyr/sys/reboot.h>

#include "glue.h"

FUNC_NORETURN void edgerm_panic(void)
{
	k_panic();
	CODE_UNREACHABLE;
}

#if defined(CONFIG_EDGERM_FATAL_RESET) || defined(CONFIG_EDGERM_FATAL_HALT)
void k_sys_fatal_error_handler(unsigned int reason, const z_arch_esf_t *esf)
{
	ARG_UNUSED(esf);
	LOG_PANIC();
	if (IS_ENABLED(CONFIG_EDGERM_FATAL_RESET)) {
		sys_reboot(SYS_REBOOT_COLD);
	}
	k_fatal_halt(reason);
}
#endif

/*
 * Rust's core library as rustup brings it names what unwinds the stack; here nothing does.
 */
__weak void rust_eh_personality(void)
{
	k_panic();
}

#ifdef CONFIG_ARM
__weak void __aeabi_unwind_cpp_pr0(void)
{
	k_panic();
}

__weak void __aeabi_unwind_cpp_pr1(void)
{
	k_panic();
}
#endif
