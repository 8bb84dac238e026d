/** How the server's process is started, wherever it is: lib/decisions/0017 has the figures. */

/**
 * A young generation of 3 x 8 MB: V8 takes 3 x 64 MB on its own, keeps what it once had, and idle X-Ray makes a megabyte a second.
 * The worker that parses bodies has limits of its own.
 */
export const serveFlags = ['--max-semi-space-size=8'];

export const serveEnvironment = {
  // Every statement of the store holds a thread while it runs (lib/store/chdb.ts); zlib and files need some too.
  UV_THREADPOOL_SIZE: '12',
  // glibc makes 16 heaps for the threads of two cores, and what is freed in one serves no other.
  MALLOC_ARENA_MAX: '2',
  // Larger pieces are given back when they are freed; glibc raises this to 32 MB by itself, and keeps what lies below in its heap.
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TRIM_THRESHOLD_: '65536',
};
