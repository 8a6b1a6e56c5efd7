/* src/base/plant.h
 *
 * Bugs on purpose, one line each, by which the simulation (tests/simulate) proves that it would
 * find them.  They exist in its own build of these sources alone; everywhere else they are `false`.
 */
#ifndef DS_BASE_PLANT_H
#define DS_BASE_PLANT_H

#include <stdbool.h>

#ifdef DS_PLANTS
bool ds_planted(const char *name); /* the simulation's: this is the one of the run */
#define DS_PLANT(name) ds_planted(name)
#else
#define DS_PLANT(name) false
#endif

#endif
