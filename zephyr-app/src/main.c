/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The agent starts by itself (CONFIG_EDGERM_AUTOSTART), and has a thread of its own.
 */

int main(void)
{
	return 0;
}
