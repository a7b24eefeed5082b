// A binary range coder with mixed adaptive models: integers only, one code for both directions.
//
// Every binary decision is predicted by several slots (adaptive probabilities, each chosen by a
// context); their logits are summed with adaptive weights, and the resulting probability drives an
// arithmetic coder. All state and all tables are integers, so that encoder and decoder stay in step
// on any two machines. Sources: Witten, Neal, Cleary 1987 (arithmetic coding); Mahoney 2005,
// "Adaptive weighing of context models for lossless data compression" (logistic mixing).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/grid.hpp"

namespace selfsame::coding {

inline constexpr int kMaxInputs = 8;  // slots that one decision can mix
inline constexpr int kCountLimit = 255;  // a slot's rate falls to about 1 / (limit + 1.5)
inline constexpr int kCountBits = 10;
inline constexpr int kLogitLimit = 2047;  // ±8 nats: 256 is one
inline constexpr int kMaxOverrun = 8;  // bytes a reader may need behind the stored ones
inline constexpr int kLeast = 24;  // of 65536, the least probability of either outcome

// Tables that the format fixes: of the logit and its inverse, of a slot's rate by its count (16 bits),
// and, for estimates alone, bits by 12 bits of probability.
struct Tables {
    std::array<std::int16_t, 4096> stretch;
    std::array<std::int32_t, 4096> squash;
    std::array<std::int32_t, kCountLimit + 1> rates;
    std::array<float, 4096> costs;
};
const Tables& tables();

using Weights = std::array<std::int32_t, kMaxInputs>;

// What the coder learns as it goes: slots of 22 bits of probability that the bit is 1 and 10 bits of
// count; sets of mixing weights in 16.16 fixed point.
struct Models {
    std::vector<std::uint32_t> slots;
    std::vector<Weights> weights;
};

enum class Direction { kDecode, kEncode };

// The slots of one decision.
template <int kInputs>
using Contexts = std::array<std::uint32_t, kInputs>;

// One stream in one direction.
template <Direction kDirection>
class RangeCoder {
public:
    static constexpr bool kDecoding = kDirection == Direction::kDecode;

    // A stream to encode; bits are counted for so many syntax elements.
    RangeCoder(Models models, int elements) requires(!kDecoding)
        : models_(std::move(models)), spent_(elements) {}

    // A stream to decode; `bytes` must outlive it.
    RangeCoder(Models models, Row<const std::uint8_t> bytes) requires kDecoding
        : models_(std::move(models)), bytes_(bytes) {
        for (int i = 0; i < 4; ++i) {
            window_ = window_ << 8 | next_byte();
        }
    }

    // Code one decision with the slots `contexts`, adapt, and return the bit.
    template <std::size_t kInputs>
    int code_mixed(int bit, const std::array<std::uint32_t, kInputs>& contexts, int set, int element) {
        std::array<int, kInputs> logits;
        const int p = mix(contexts, set, logits);
        bit = code(bit, p, element);
        const int error = ((bit << 16) - p) * kLearningRate;
        auto& weights = models_.weights[set];
        for (std::size_t i = 0; i < kInputs; ++i) {
            const std::int64_t step = static_cast<std::int64_t>(logits[i]) * error >> kLearningShift;
            // In a hostile stream weights may wrap round; unsigned numbers may, signed ones must not.
            weights[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(weights[i]) +
                                                   static_cast<std::uint32_t>(step));
            adapt(contexts[i], bit);
        }
        return bit;
    }

    // Code one decision with a single slot, adapt it, and return the bit.
    int code_adaptive(int bit, std::uint32_t slot, int element) {
        check(slot < models_.slots.size());
        const int p = std::clamp(static_cast<int>(models_.slots[slot] >> 16), kLeast, 65536 - kLeast);
        bit = code(bit, p, element);
        adapt(slot, bit);
        return bit;
    }

    // Code one equiprobable bit and return it.
    int code_plain(int bit, int element) { return code(bit, 32768, element); }

    // The 16-bit probability of a 1 that mixing predicts.
    template <std::size_t kInputs>
    int probability(const std::array<std::uint32_t, kInputs>& contexts, int set) const {
        std::array<int, kInputs> logits;
        return mix(contexts, set, logits);
    }

    // Whether more was read than a sound stream has: its trailing zeros are not stored, but they are few.
    bool is_overrun() const { return overrun_ > kMaxOverrun; }

    const Models& models() const { return models_; }
    const std::vector<double>& spent() const { return spent_; }

    // The bytes so far, ended with as few as identify the stream.
    std::vector<std::uint8_t> finished() const requires(!kDecoding) {
        std::vector<std::uint8_t> result = output_;
        for (int count = 1; count < 5; ++count) {
            const int shift = 32 - 8 * count;
            const std::uint32_t value = static_cast<std::uint32_t>(high_ >> shift) << shift;
            if (value >= low_) {
                for (int i = 0; i < count; ++i) {
                    result.push_back(static_cast<std::uint8_t>(value >> (24 - 8 * i)));
                }
                break;
            }
        }
        while (!result.empty() && result.back() == 0) {
            result.pop_back();
        }
        return result;
    }

private:
    static constexpr int kLearningShift = 20;
    static constexpr int kLearningRate = 12;

    template <std::size_t kInputs>
    int mix(const std::array<std::uint32_t, kInputs>& contexts, int set,
            std::array<int, kInputs>& logits) const {
        check(static_cast<std::size_t>(set) < models_.weights.size());
        const auto& weights = models_.weights[set];
        std::int64_t total = 0;
        for (std::size_t i = 0; i < kInputs; ++i) {
            check(contexts[i] < models_.slots.size());
            logits[i] = tables_->stretch[models_.slots[contexts[i]] >> 20];
            total += static_cast<std::int64_t>(weights[i]) * logits[i];
        }
        total = std::clamp<std::int64_t>(total >> 16, -kLogitLimit, kLogitLimit);
        return tables_->squash[total + kLogitLimit + 1];
    }

    // Move a slot, checked before, towards the bit.
    void adapt(std::uint32_t slot, int bit) {
        const std::uint32_t packed = models_.slots[slot];
        const std::uint32_t count = packed & ((1 << kCountBits) - 1);
        std::int64_t p = packed >> kCountBits;
        const std::int64_t rate = tables_->rates[std::min<std::uint32_t>(count, kCountLimit)];
        p += ((static_cast<std::int64_t>(bit) << 22) - p) * rate >> 16;
        p = std::clamp<std::int64_t>(p, 64, (1 << 22) - 64);
        models_.slots[slot] = static_cast<std::uint32_t>(p) << kCountBits |
                              (count < kCountLimit ? count + 1 : count);
    }

    std::uint32_t next_byte() {
        if (position_ < bytes_.size()) {
            return bytes_.data()[position_++];
        }
        ++overrun_;
        return 0;
    }

    // Code a bit that is 1 with p of 65536.
    int code(int bit, int p, int element) {
        const std::uint32_t span = high_ - low_;
        const std::uint32_t middle = low_ + (span >> 16) * p + ((span & 0xFFFF) * p >> 16);
        if constexpr (kDecoding) {
            bit = window_ <= middle;
        } else {
            spent_[element] += tables_->costs[bit ? p >> 4 : 4095 - (p >> 4)];
        }
        if (bit) {
            high_ = middle;
        } else {
            low_ = middle + 1;
        }
        while (((low_ ^ high_) & 0xFF000000) == 0) {
            if constexpr (kDecoding) {
                window_ = window_ << 8 | next_byte();
            } else {
                output_.push_back(static_cast<std::uint8_t>(high_ >> 24));
            }
            low_ <<= 8;
            high_ = high_ << 8 | 255;
        }
        return bit;
    }

    const Tables* tables_ = &tables();
    Models models_;
    std::uint32_t low_ = 0, high_ = 0xFFFFFFFF, window_ = 0;
    Row<const std::uint8_t> bytes_;
    std::size_t position_ = 0;
    int overrun_ = 0;
    std::vector<std::uint8_t> output_;
    std::vector<double> spent_;
};

using Encoder = RangeCoder<Direction::kEncode>;
using Decoder = RangeCoder<Direction::kDecode>;

}  // namespace selfsame::coding
