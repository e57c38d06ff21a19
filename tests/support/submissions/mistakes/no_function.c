/* no_function.c: the function that the header promises is not there
 *
 * Outcome: crashed
 * Says: victim_start\(\) is missing
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"
