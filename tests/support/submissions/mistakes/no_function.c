/* no_function.c: the function that the header promises is not there
 *
 * Outcome: crashed
 * Says: undefined symbol: victim_start
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"
