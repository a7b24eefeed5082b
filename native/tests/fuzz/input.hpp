// What the targets share: numbers from the bytes that a fuzzer makes, and what must hold of results.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/grid.hpp"

namespace selfsame::fuzz {

// Stop, as the sanitizers do, unless something holds.
inline void require(bool holds) {
    if (!holds) {
        out_of_bounds();
    }
}

// Numbers from bytes, zeros behind their end.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    // Any bits as a number: NaN, infinities and extremes are among them.
    template <typename T>
    T any() {
        std::uint8_t bytes[sizeof(T)] = {};
        const std::size_t count = std::min(sizeof(T), size_);
        std::copy_n(data_, count, bytes);
        data_ += count, size_ -= count;
        T value;
        std::memcpy(&value, bytes, sizeof(T));
        return value;
    }
    // An integer from `least` to `most`, which are less than 65536 apart.
    int within(int least, int most) { return least + any<std::uint16_t>() % (most - least + 1); }
    // A number within [-most, most] three times of four, else any.
    template <typename T>
    T number(T most) {
        return any<std::uint8_t>() % 4 ? most * static_cast<T>(any<std::int16_t>()) / 32768 : any<T>();
    }
    // n times number(most).
    template <typename T>
    std::vector<T> numbers(std::size_t n, T most) {
        std::vector<T> values(n);
        for (T& value : values) {
            value = number(most);
        }
        return values;
    }
    // All that is left.
    Row<const std::uint8_t> rest() const { return {data_, size_}; }

private:
    const std::uint8_t* data_;
    std::size_t size_;
};

template <typename T>
Row<const T> row(const std::vector<T>& values) {
    return {values.data(), values.size()};
}
template <typename T>
Grid<const T> grid(const std::vector<T>& values, std::size_t width) {
    return {values.data(), values.size() / width, width};
}

}  // namespace selfsame::fuzz
