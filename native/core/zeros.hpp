// Memory full of zeros, of which the system lends only what is touched: a file's claims cost nothing until
// its bytes prove them.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "core/fail.hpp"

namespace selfsame {

// n numbers, or structures of numbers, all zero.
template <typename T>
class Zeros {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    explicit Zeros(std::size_t size)
        : size_(size), values_(static_cast<T*>(std::calloc(size ? size : 1, sizeof(T))), &std::free) {
        if (!values_) {
            fail(Fault::kMemory, "no memory for ", size, " numbers");
        }
    }

    T* data() { return values_.get(); }
    const T* data() const { return values_.get(); }
    std::size_t size() const { return size_; }

private:
    std::size_t size_;
    std::unique_ptr<T, decltype(&std::free)> values_;
};

}  // namespace selfsame
