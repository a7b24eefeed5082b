// Random permutations of 2^m things: k -> a ⊗ k ⊕ b, affine maps over the field GF(2^m), a != 0.
//
// For any two things the pair of places is uniform over distinct places (Carter & Wegman 1979).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ifs/random.hpp"

namespace selfsame::ifs {

// GF(2^m) by an irreducible polynomial.
struct Field {
    int m;
    std::uint32_t polynomial;

    std::size_t size() const { return std::size_t(1) << m; }
};

class Permutation {
public:
    explicit Permutation(std::size_t most) : high_(most / 16) {}

    // Draw a new one of field.size() things, at least 16.
    void draw(const Field& field, Stream& stream) {
        const auto size = static_cast<std::uint32_t>(field.size());
        const std::uint32_t factor = 1 + stream.below(size - 1);
        set(field, factor, stream.below(size));
    }

    // k -> factor ⊗ k ⊕ shift.
    void set(const Field& field, std::uint32_t factor, std::uint32_t shift) {
        const auto overflow = static_cast<std::uint32_t>(field.size());
        std::uint32_t column = factor;
        check(field.size() / 16 <= high_.size());
        size_ = field.size();
        shift_ = shift;
        low_[0] = high_[0] = 0;
        for (int bit = 0; bit < field.m; ++bit) {  // column = a ⊗ 2^bit; products of sums are sums of products
            std::uint32_t* table = bit < 4 ? low_ : high_.data();
            const std::size_t count = std::size_t(1) << (bit < 4 ? bit : bit - 4);
            for (std::size_t k = 0; k < count; ++k) {
                table[count + k] = table[k] ^ column;
            }
            column <<= 1;
            if (column & overflow) {
                column ^= field.polynomial;
            }
        }
    }

    // Where thing k, below the size of the last field, goes.
    std::uint32_t operator()(std::size_t k) const { return low_[k & 15] ^ high_[k >> 4] ^ shift_; }

    // shuffled[k] = things[permutation(k)], for all of the last field.
    template <typename T>
    void shuffle(Row<const T> things, Row<T> shuffled) const {
        check(size_ <= things.size() && size_ <= shuffled.size());
        const T* from = things.data();
        T* to = shuffled.data();
        for (std::size_t h = 0; h < size_ / 16; ++h, to += 16) {
            const std::uint32_t base = high_[h] ^ shift_;  // the part of 16 places that they share
            for (int k = 0; k < 16; ++k) {
                to[k] = from[low_[k] ^ base];
            }
        }
    }

private:
    std::uint32_t low_[16];
    std::vector<std::uint32_t> high_;
    std::uint32_t shift_ = 0;
    std::size_t size_ = 0;
};

}  // namespace selfsame::ifs
