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

inline constexpr std::size_t kMostThreads = 256;  // beyond any machine's use for one picture

// Call work(i) for all i below count, on up to so many threads, or as many of them as the system
// grants; each takes the next i when it is done with one. The first exception is thrown on, once all
// have ended.
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
    const std::size_t wanted = std::min({static_cast<std::size_t>(std::max(threads, 1)), count, kMostThreads});
    others.reserve(wanted);
    try {
        while (others.size() + 1 < wanted) {
            others.emplace_back(run);
        }
    } catch (const std::exception&) {
        // The work gets done without it. Not to join those that run already would end the process.
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
