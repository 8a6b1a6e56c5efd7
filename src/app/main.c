/* src/app/main.c - the program; everything else of it is in the library. */
#include <durable_sync/durable_sync.h>

int main(int argc, char **argv)
{
    return ds_main(argc, argv);
}
