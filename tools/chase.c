/* chase.c: write a pointer chase as a trace, to standard output.
 *     build/plain/tools/chase [-l] [-n LAPS] [-s SEED] PAGES
 *
 * The program that such a trace stands for follows pointers through PAGES pages, one line of each,
 * lap after lap along one random cycle through all of them: every load needs the last one's result,
 * and no order of pages is there to be guessed. What a load takes then tells which TLB and which
 * cache still hold that many pages and lines.
 *
 * First every page is loaded from, in order, so that it has a frame. Then come a lap that fills
 * TLBs and caches (phase "first") and those to be measured (phase "laps"), 1 unless -n says
 * otherwise: all are the same where replacement is not random. -l: large pages of 2 MiB, which need
 * vmm.lock_memory_privilege=true. */
#include "base/rng.h"

#include <glib.h>
#include <stdio.h>
#include <stdbool.h>

#define SMALL_SHIFT 12
#define LARGE_SHIFT 21
#define LINE_SHIFT 6
#define MOST_PAGES (1u << 26)
#define BASE "0x400000" /* where a table of every design begins, and a large page can */

struct chase {
	uint32_t pages, laps;
	uint64_t seed;
	bool large;
};

/* The line of a page. Lines must fill the sets of every cache evenly, or loads would miss where
 * there is room. Pages get frames in order, with one for a page table after every 512.
 *
 * The set of a line in a large page is given by the line alone. That of one in a small page is
 * given by the line and the lowest bits of the frame, so that the line must depend on higher bits:
 *  - 64 pages side by side have the 64 lines, in another order every time;
 *  - pages whose frames agree in 5 bits (a cache of 2048 sets) or in 9 (32768) have all lines
 *    equally often, whether tables lie between the frames or not: each 512 pages the line moves on
 *    by 2.5, and if the frame does, too, against it by 1.5. */
static uint32_t line_of(const struct chase *chase, uint32_t page)
{
	if (chase->large)
		return page % (1u << (LARGE_SHIFT - LINE_SHIFT));
	return (page + page / 64 % 8 * 4 + page / 512 * 2 + page / 1024) %
	       (1u << (SMALL_SHIFT - LINE_SHIFT));
}

static void access_page(const struct chase *chase, char op, uint32_t page)
{
	uint64_t offset = (uint64_t)page << (chase->large ? LARGE_SHIFT : SMALL_SHIFT) |
			  line_of(chase, page) << LINE_SHIFT;

	printf("%c A+0x%" G_GINT64_MODIFIER "x 8\n", op, offset);
}

/* The pages in random order: followed in a ring, each of all cycles through them is as likely. */
static uint32_t *shuffle(const struct chase *chase)
{
	uint32_t *order = g_new(uint32_t, chase->pages);
	struct rng rng = {chase->seed};

	for (uint32_t i = 0; i < chase->pages; i++) {
		uint32_t at = (uint32_t)rng_below(&rng, i + 1);

		order[i] = order[at];
		order[at] = i;
	}
	return order;
}

static void write_trace(const struct chase *chase)
{
	uint32_t *order = shuffle(chase);

	printf("# vmtrace 1\n%%rules win32\n# chase: %u pages of %s, seed %" G_GUINT64_FORMAT "\n",
	       chase->pages, chase->large ? "2 MiB" : "4 KiB", chase->seed);
	printf("VirtualAlloc(" BASE ", 0x%" G_GINT64_MODIFIER "x, MEM_RESERVE|MEM_COMMIT%s, "
	       "PAGE_READWRITE) = A\n",
	       (uint64_t)chase->pages << (chase->large ? LARGE_SHIFT : SMALL_SHIFT),
	       chase->large ? "|MEM_LARGE_PAGES" : "");
	for (uint32_t i = 0; i < chase->pages; i++)
		access_page(chase, 'R', i);
	for (uint32_t lap = 0; lap <= chase->laps; lap++) {
		if (lap < 2)
			puts(lap ? "Mark(\"laps\")" : "Mark(\"first\")");
		for (uint32_t i = 0; i < chase->pages; i++)
			access_page(chase, 'R', order[i]);
	}
	g_free(order);
}

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	return text && g_ascii_string_to_unsigned(text, 10, least, most, value, NULL);
}

static bool parse(int argc, char **argv, struct chase *chase)
{
	uint64_t n;

	*chase = (struct chase){.laps = 1, .seed = 1};
	for (int i = 1; i < argc; i++) {
		if (g_str_equal(argv[i], "-l"))
			chase->large = true;
		else if (g_str_equal(argv[i], "-n") && number(argv[i + 1], 1, UINT32_MAX - 1, &n))
			chase->laps = (uint32_t)n, i++;
		else if (g_str_equal(argv[i], "-s") && number(argv[i + 1], 0, UINT64_MAX, &n))
			chase->seed = n, i++;
		else if (!chase->pages && number(argv[i], 1, MOST_PAGES, &n))
			chase->pages = (uint32_t)n;
		else
			return false;
	}
	return chase->pages > 0;
}

int main(int argc, char **argv)
{
	struct chase chase;

	if (!parse(argc, argv, &chase)) {
		fprintf(stderr, "usage: chase [-l] [-n LAPS] [-s SEED] PAGES (1 to %u)\n",
			MOST_PAGES);
		return 2;
	}
	write_trace(&chase);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
