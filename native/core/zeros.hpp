// Memory full of zeros, of which the system lends only what is touched: a file's claims cost nothing until
// its bytes prove them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <type_traits>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "core/fail.hpp"

namespace selfsame {

// n numbers, or structures of numbers, all zero.
template <typename T>
class Zeros {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    explicit Zeros(std::size_t size) : size_(size), values_(static_cast<T*>(lend(size)), &give_back) {
        if (!values_) {
            fail(Fault::kMemory, "no memory for ", size, " numbers");
        }
        ask_for_large_pages();
    }

    T* data() { return values_.get(); }
    const T* data() const { return values_.get(); }
    std::size_t size() const { return size_; }

private:
    // Lent in pieces of 4 KiB a plane costs as much time to lend as to fill, and threads wait for each other.
    void ask_for_large_pages() {
#ifdef MADV_HUGEPAGE
        constexpr std::size_t kLarge = 1 << 22, kPage = 4096;
        if (size_ * sizeof(T) >= kLarge) {
            const auto address = reinterpret_cast<std::uintptr_t>(values_.get());
            const std::size_t skipped = (kPage - address % kPage) % kPage;
            madvise(reinterpret_cast<char*>(values_.get()) + skipped, size_ * sizeof(T) - skipped, MADV_HUGEPAGE);
        }
#endif
    }

#ifdef __wasm__
    // There calloc writes its zeros. New pages are zero and are not written; they go when the whole memory does.
    static void* lend(std::size_t size) {
        constexpr std::uint64_t kPage = 65536;
        const std::uint64_t pages = (std::uint64_t(size) * sizeof(T) + kPage - 1) / kPage;
        if (pages >= kPage) {
            return nullptr;
        }
        const std::size_t first = __builtin_wasm_memory_grow(0, static_cast<std::size_t>(pages));
        return first == SIZE_MAX ? nullptr : reinterpret_cast<void*>(first * kPage);
    }
    static void give_back(void*) {}
#else
    static void* lend(std::size_t size) { return std::calloc(size ? size : 1, sizeof(T)); }
    static void give_back(void* values) { std::free(values); }
#endif

    std::size_t size_;
    std::unique_ptr<T, void (*)(void*)> values_;
};

}  // namespace selfsame
