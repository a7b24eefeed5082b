// Shares of work for threads.
#pragma once

#include <algorithm>
#include <cstddef>

#ifdef __wasm__

namespace selfsame {

// Call work(i) for all i below count.
template <typename Work>
void parallel_for(int, std::size_t count, const Work& work) {
    for (std::size_t i = 0; i < count; ++i) {
        work(i);
    }
}

}  // namespace selfsame

#else

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace selfsame {

// Call work(i) for all i below count, on up to so many threads; each takes the next i when it is
// done with one. The first exception is thrown on, once all have ended.
template <typename Work>
void parallel_for(int threads, std::size_t count, const Work& work) {
    std::atomic<std::size_t> next = 0;
    std::exception_ptr failure;
    std::mutex guard;
    const auto run = [&] {
        try {
            for (std::size_t i; (i = next.fetch_add(1)) < count;) {
                work(i);
            }
        } catch (...) {
            next = count;
            const std::lock_guard lock(guard);
            if (!failure) {
                failure = std::current_exception();
            }
        }
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < std::min<std::size_t>(std::max(threads, 1), count); ++i) {
        others.emplace_back(run);
    }
    run();
    for (auto& other : others) {
        other.join();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

}  // namespace selfsame

#endif
