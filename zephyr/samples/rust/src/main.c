/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What is called first, and calls Rust.
 */

/* In lib.rs. */
int edgerm_sample_main(void);

int main(void)
{
	return edgerm_sample_main();
}
