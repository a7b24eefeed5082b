// Counter-based random words, and exact multinomial counts from them.
//
// A stream is word(k) = mix64(state + k · gamma) with the finaliser of SplitMix64 (Steele, Lea & Flood 2014,
// "Fast splittable pseudorandom number generators"; constants of Stafford's mix 13). `state` and the odd
// `gamma` are hashes of (seed, stream), so every picture and every share of a picture has its own stream,
// whatever thread computes it.
#pragma once

#include <bit>
#include <cstdint>

#include "core/grid.hpp"

namespace selfsame::ifs {

// A bijective hash of a 64-bit word.
constexpr std::uint64_t mix64(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

class Stream {
public:
    Stream(std::uint64_t seed, std::uint64_t stream)
        : state_(mix64(mix64(seed + kGolden) + stream)), gamma_(mix64(state_ + kGolden) | 1) {}

    std::uint64_t key() const { return state_; }

    // The next 64 random bits.
    std::uint64_t next() {
        state_ += gamma_;
        return mix64(state_);
    }

    // An integer of [0, bound), bound < 2^31; the bias is below 2^-32.
    std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>((next() >> 32) * bound >> 32); }

    // How many of n uniform 64-bit fractions lie below q / 2^64.
    //
    // All fractions are revealed bit by bit at once: those whose bits so far equal those of q stay undecided,
    // and only how many there are matters, so each round costs one random bit per undecided fraction: about
    // 2 n bits in all, and no floating point.
    std::int64_t binomial(std::int64_t n, std::uint64_t q) {
        std::int64_t count = 0, undecided = n;
        std::uint64_t bits = 0;  // left over from the last word; the low `spare` ones
        std::int64_t spare = 0;
        while (undecided > 0 && q != 0) {
            std::int64_t ones = 0;
            if (undecided <= 32) {
                if (spare < undecided) {
                    bits = next();
                    spare = 64;
                }
                ones = std::popcount(bits & ((std::uint64_t(1) << undecided) - 1));
                bits >>= undecided;
                spare -= undecided;
            } else {
                std::uint64_t word = 0;
                for (std::int64_t left = undecided; left > 0; left -= 64) {
                    word = next();
                    ones += std::popcount(word);
                }
                ones -= std::popcount(word >> 1 >> ((undecided - 1) & 63));  // more than were wanted
            }
            // By a mask: which bits q has next, no processor can foretell.
            const std::int64_t zeros = undecided - ones, is_one = -static_cast<std::int64_t>(q >> 63);
            count += zeros & is_one;
            undecided = zeros + ((ones - zeros) & is_one);
            q <<= 1;
        }
        return count;
    }

    // Fill counts[L:] with a multinomial draw of n over the L leaves of a tree.
    //
    // tree[k] is the probability of the left child of node k in units of 2^-64, all ones for exactly 1; entry
    // 0 is unused. Node k of `counts`, (2 L,), has the children 2 k and 2 k + 1.
    void multinomial(std::int64_t n, Row<const std::uint64_t> tree, Row<std::int64_t> counts) {
        counts[1] = n;
        for (std::size_t k = 1; k < tree.size(); ++k) {
            const std::int64_t total = counts[k];
            const std::int64_t left = tree[k] == ~std::uint64_t(0) ? total : binomial(total, tree[k]);
            counts[2 * k] = left;
            counts[2 * k + 1] = total - left;
        }
    }

private:
    static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

    std::uint64_t state_, gamma_;
};

}  // namespace selfsame::ifs
