#include "mosaic/syntax.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "coding/numbers.hpp"
#include "coding/slots.hpp"
#include "core/blocks.hpp"

namespace selfsame::mosaic {

namespace {

using coding::kLengths;

constexpr int kLevels = kMaxLevels + 1;
enum Kind : int { kMean, kRight, kDown, kKinds };  // numbers of a patch and a channel
constexpr int kSizes = 16;    // classes of a size of a few hundred at most
constexpr int kCoarse = 5;    // fewer classes of the same, for where three are combined
constexpr int kRooms = 32;    // classes of how much lighter or darker a patch can become
constexpr int kUnit = 16;     // of a byte, in which colours are predicted
constexpr int kContrasts = kMaxContrast + 1, kContrastBits = 7, kIsometryBits = 3;

constexpr auto kSizeClasses =
    coding::class_table<256>(std::array{1, 2, 3, 5, 7, 10, 14, 19, 26, 36, 50, 70, 100, 150, 250});
constexpr auto kCoarseClasses = coding::class_table<64>(std::array{3, 10, 24, 60});
static_assert(kSizeClasses.back() == kSizes - 1 && kCoarseClasses.back() == kCoarse - 1);

int size_class(std::int64_t value) {
    return kSizeClasses[std::min<std::int64_t>(value, kSizeClasses.size() - 1)];
}
int coarse_class(std::int64_t value) {
    return kCoarseClasses[std::min<std::int64_t>(value, kCoarseClasses.size() - 1)];
}

struct Slots {
    std::uint32_t split_sides, split_before;
    std::uint32_t number_rough, number_near, number_before, number_all;
    std::uint32_t number_bits, number_low, number_sign;
    std::uint32_t contrast_level, contrast_lighter, contrast_darker, contrast_before;
    std::uint32_t isometry_level, isometry_before;
    std::uint32_t count;
};

constexpr Slots lay_out_slots() {
    coding::Layout slots;
    Slots s{};
    s.split_sides = slots.take(kLevels, 3, 3);
    s.split_before = slots.take(kLevels, 3, 3, 2);
    s.number_rough = slots.take(kKinds, kChannels, kSizes, kLengths);
    s.number_near = slots.take(2, 2, kSizes, kLengths);
    s.number_before = slots.take(kKinds, kChannels, kLevels, kSizes, kLengths);
    s.number_all = slots.take(2, 2, kCoarse, kCoarse, kCoarse, kLengths);
    s.number_bits = slots.take(kKinds, kChannels, kLengths, 8);
    s.number_low = slots.take(kKinds, kChannels, kLengths);
    s.number_sign = slots.take(kKinds, kChannels, 3);
    s.contrast_level = slots.take(kLevels, kContrasts);
    s.contrast_lighter = slots.take(kRooms, kContrasts);
    s.contrast_darker = slots.take(kRooms, kContrasts);
    s.contrast_before = slots.take(kLevels, kContrasts / 8, kContrasts);
    s.isometry_level = slots.take(kLevels, kIsometries);
    s.isometry_before = slots.take(kIsometries, kIsometries);
    s.count = slots.size;
    return s;
}
constexpr Slots kSlots = lay_out_slots();

constexpr int kSplitSet = 0, kNumberSet = 1, kContrastSet = kNumberSet + kKinds * kChannels;
constexpr int kIsometrySet = kContrastSet + kContrastBits, kSets = kIsometrySet + 1;

template <typename Coder>
class PatchCoder {
public:
    PatchCoder(Coder& coder, Patches& patches)
        : coder_(coder),
          patches_(patches),
          finest_(patches.grid << patches.levels),
          memory_(std::size_t(finest_) * finest_),
          map_(memory_.data(), finest_, finest_) {}

    bool run() {
        for (int row = 0; row < patches_.grid; ++row) {
            for (int column = 0; column < patches_.grid; ++column) {
                if (!code_node({0, row, column})) {
                    return false;
                }
            }
        }
        if constexpr (Coder::kDecoding) {
            const std::size_t count = patches_.cells.size(), channels = patches_.channels;
            patches_.isometries.resize(count);
            patches_.contrasts.resize(count);
            patches_.means.resize(count * channels);
            patches_.slopes.resize(count * channels * 2);
        } else if (count_ != patches_.cells.size()) {
            return false;
        }
        sizes_.resize(patches_.cells.size());
        for (std::size_t patch = 0; patch < patches_.cells.size(); ++patch) {
            if (!code_planes(patch) || coder_.is_overrun()) {
                return false;
            }
            code_contrast(patch);
            code_isometry(patch);
        }
        return !coder_.is_overrun();
    }

private:
    int side_of(std::size_t patch) const { return 1 << (patches_.levels - patches_.cells[patch][0]); }
    std::uint8_t& mean(std::size_t patch, int channel) {
        return patches_.means[patch * patches_.channels + channel];
    }
    std::int8_t& slope(std::size_t patch, int channel, int axis) {
        return patches_.slopes[(patch * patches_.channels + channel) * 2 + axis];
    }

    // Code whether a node of the tree is cut into quarters, and those.
    bool code_node(const Cell& node) {
        const auto& [level, row, column] = node;
        if (level < patches_.levels) {
            bool is_split = false;
            if constexpr (!Coder::kDecoding) {
                if (count_ >= patches_.cells.size()) {
                    return false;
                }
                is_split = patches_.cells[count_][0] > level;
            }
            if (coder_.code_mixed(is_split, split_contexts(level, row, column), kSplitSet, kOfSplits)) {
                for (int quarter = 0; quarter < 4; ++quarter) {
                    if (!code_node({level + 1, 2 * row + (quarter >> 1), 2 * column + (quarter & 1)})) {
                        return false;
                    }
                }
                return true;
            }
        }
        if constexpr (Coder::kDecoding) {
            patches_.cells.push_back(node);
        } else if (count_ >= patches_.cells.size() || patches_.cells[count_] != node) {
            return false;
        }
        const int side = 1 << (patches_.levels - level);
        const auto part = map_.part(row * side, column * side, side, side);
        for (int i = 0; i < side; ++i) {
            std::ranges::fill(part.row(i), static_cast<std::int32_t>(count_));
        }
        ++count_;
        return !coder_.is_overrun();
    }

    // Slots by which of the patches around are finer: those at the ends of the left and of the upper edge,
    // that beyond the corner, and the one before.
    coding::Contexts<2> split_contexts(int level, int row, int column) const {
        const int side = 1 << (patches_.levels - level), top = row * side, left = column * side;
        const auto finer = [&](int y, int x) { return int(patches_.cells[map_(y, x)][0] > level); };
        int west = 0, north = 0, corner = 0, before = 0;
        if (left > 0) {
            west = finer(top, left - 1) + finer(top + side - 1, left - 1);
        }
        if (top > 0) {
            north = finer(top - 1, left) + finer(top - 1, left + side - 1);
        }
        if (top > 0 && left > 0) {
            corner = finer(top - 1, left - 1);
        }
        if (count_ > 0) {
            before = 1 + (patches_.cells[count_ - 1][0] > level);
        }
        const int around = (west + north) >> 1;
        return {kSlots.split_sides + (level * 3 + west) * 3 + north,
                kSlots.split_before + ((level * 3 + around) * 3 + before) * 2 + corner};
    }

    // The plane of a patch at a place of the picture, counted in halves of a finest patch.
    std::int64_t plane_at(std::size_t patch, int channel, int y, int x) {
        const int side = side_of(patch);
        const auto& [level, row, column] = patches_.cells[patch];
        const std::int64_t down = y - (2 * row + 1) * side, right = x - (2 * column + 1) * side;
        const std::int64_t moved = slope(patch, channel, 0) * right + slope(patch, channel, 1) * down;
        return kUnit * mean(patch, channel) + (kUnit * moved >> (patches_.levels - level));
    }

    // Code means and slopes of a patch; false if they are out of their ranges. The patches around are
    // planes; where they end, this one begins.
    bool code_planes(std::size_t patch) {
        const int side = side_of(patch);
        const int top = patches_.cells[patch][1] * side, left = patches_.cells[patch][2] * side;
        const auto current = static_cast<std::int32_t>(patch);
        // Of the patches along the left and the upper edge, those at the ends; then the next ones.
        std::int32_t west1 = 0, west2 = 0, below = 0, north1 = 0, north2 = 0, further = 0, corner = 0;
        if (left > 0) {
            west1 = map_(top, left - 1);
            west2 = map_(top + side - 1, left - 1);
            below = map_(std::min(top + side, finest_ - 1), left - 1);
            below = below >= current ? west2 : below;  // not coded yet
        }
        if (top > 0) {
            north1 = map_(top - 1, left);
            north2 = map_(top - 1, left + side - 1);
            further = map_(top - 1, std::min(left + side, finest_ - 1));
            further = further >= current ? north2 : further;
        }
        if (left > 0 && top > 0) {
            corner = map_(top - 1, left - 1);
        }
        const int y = 2 * top, x = 2 * left, quarter = side / 2, end = 2 * side;
        for (int step = 0; step < patches_.channels; ++step) {
            constexpr std::array kOrder = {1, 0, 2};
            const int channel = patches_.channels == 1 ? 0 : kOrder[step];
            const auto at = [&](std::int32_t other, int py, int px) { return plane_at(other, channel, py, px); };
            std::int64_t w = 128 * kUnit, n = w, nw = w, ne = w, sw = w, across = 0, along = 0;
            if (left > 0) {
                w = (at(west1, y + quarter, x) + at(west2, y + end - quarter, x)) >> 1;
                sw = at(below, y + end, x);
                across = at(west2, y + end, x) - at(west1, y, x);
            }
            if (top > 0) {
                n = (at(north1, y, x + quarter) + at(north2, y, x + end - quarter)) >> 1;
                ne = at(further, y, x + end);
                along = at(north2, y, x + end) - at(north1, y, x);
            }
            if (left > 0 && top > 0) {
                nw = at(corner, y, x);
            } else if (left > 0) {
                n = ne = nw = w;
            } else if (top > 0) {
                w = sw = nw = n;
            }
            const auto code = [&](Kind kind, std::int64_t value, std::int64_t guess, std::int64_t rough) {
                return code_number(patch, kind, step, value, guess, rough, west1, north1);
            };
            // The weights are rounded coefficients of a regression over photographs.
            const std::int64_t guess =
                std::clamp<std::int64_t>((4 * w + 8 * n + 2 * ne + 3 * sw - nw + 128) >> 8, 0, 255);
            const std::int64_t rough = (std::abs(w - n) + std::abs(w - nw) + std::abs(n - nw)) / (2 * kUnit);
            const std::int64_t value = code(kMean, mean(patch, channel), guess, rough);
            if (value < 0 || value > 255) {
                return false;
            }
            mean(patch, channel) = static_cast<std::uint8_t>(value);
            // A step of slope moves the edge by a byte.
            const std::int64_t from_west = kUnit * value - w, from_north = kUnit * value - n;
            const std::int64_t right =
                code(kRight, slope(patch, channel, 0), (11 * from_west + 6 * along + 256) >> 9,
                     (std::abs(from_west) + std::abs(along)) / kUnit);
            if (std::abs(right) > kMaxSlope) {
                return false;
            }
            slope(patch, channel, 0) = static_cast<std::int8_t>(right);
            const std::int64_t down =
                code(kDown, slope(patch, channel, 1), (12 * from_north + 5 * across + 256) >> 9,
                     (std::abs(from_north) + std::abs(across)) / kUnit);
            if (std::abs(down) > kMaxSlope) {
                return false;
            }
            slope(patch, channel, 1) = static_cast<std::int8_t>(down);
        }
        return true;
    }

    // Code a number as its difference to a guess, which is first moved as the channels before were off
    // theirs; return the number.
    //
    // `step` is of the channel, in the order of coding; `rough` tells how little the patches around agree;
    // the differences of `west` and `north` tell how large this one may be.
    std::int64_t code_number(std::size_t patch, Kind kind, int step, std::int64_t value, std::int64_t guess,
                             std::int64_t rough, std::int32_t west, std::int32_t north) {
        auto& moves = moves_[kind];
        std::int64_t before = 0, moved = guess;
        if (step == 1) {
            moved += (13 * moves[0] + 8) >> 4;
            before = std::abs(moves[0]);
        } else if (step == 2) {
            moved += (19 * moves[0] - 4 * moves[1] + 8) >> 4;
            before = 2 * sizes_[patch][kind][1];
        } else if (kind > 0) {
            before = sizes_[patch][kind - 1][0];
        }
        const int near = sizes_[west][kind][step] + sizes_[north][kind][step];
        const int place = kind * kChannels + step;
        const int shared = 2 * std::min<int>(kind, 1) + std::min(step, 1);
        const int every =
            (coarse_class(rough) * kCoarse + coarse_class(near)) * kCoarse + coarse_class(before);
        const int of_level = (place * kLevels + patches_.cells[patch][0]) * kSizes + size_class(before);
        const coding::Contexts<4> contexts = {
            kSlots.number_rough + (place * kSizes + size_class(rough)) * kLengths,
            kSlots.number_near + (shared * kSizes + size_class(near)) * kLengths,
            kSlots.number_before + of_level * kLengths,
            kSlots.number_all + (shared * kCoarse * kCoarse * kCoarse + every) * kLengths,
        };
        const int element = kind == kMean ? kOfMeans : kOfSlopes;
        const std::int64_t difference = value - moved;
        const std::int32_t size = coding::code_number(
            coder_, static_cast<std::int32_t>(std::abs(difference)), contexts, kNumberSet + place,
            kSlots.number_bits + place * kLengths * 8, kSlots.number_low + place * kLengths, element);
        bool is_negative = false;
        if (size > 0) {
            const int leaning = step > 0 ? 1 + (moves[0] > 0) - (moves[0] < 0) : 1;
            is_negative = coder_.code_adaptive(difference < 0, kSlots.number_sign + place * 3 + leaning, element);
        }
        const std::int64_t coded = is_negative ? moved - size : moved + size;
        moves[step] = coded - guess;
        sizes_[patch][kind][step] = static_cast<std::uint8_t>(std::min(size, 255));
        return coded;
    }

    // Code the contrast of a patch, bit by bit: one of the commonest of its level, or what white and black
    // leave room for.
    void code_contrast(std::size_t patch) {
        const int level = patches_.cells[patch][0];
        const auto [lighter, darker] = rooms(patch);
        const int before = patch > 0 ? patches_.contrasts[patch - 1] / 8 : 0;
        const int value = patches_.contrasts[patch];
        std::uint32_t prefix = 1;
        for (int bit = kContrastBits - 1; bit >= 0; --bit) {
            const coding::Contexts<4> contexts = {
                kSlots.contrast_level + level * kContrasts + prefix,
                kSlots.contrast_lighter + lighter * kContrasts + prefix,
                kSlots.contrast_darker + darker * kContrasts + prefix,
                kSlots.contrast_before + (level * (kContrasts / 8) + before) * kContrasts + prefix,
            };
            prefix = prefix << 1 |
                     coder_.code_mixed(value >> bit & 1, contexts, kContrastSet + bit, kOfContrasts);
        }
        patches_.contrasts[patch] = static_cast<std::uint8_t>(prefix - kContrasts);
    }

    // Classes of the shading, lighter and darker, that the channel with the least room for it has, most of
    // the slopes being taken off.
    std::pair<int, int> rooms(std::size_t patch) {
        const int channels = patches_.channels, tint = patches_.tint;
        std::int64_t luma = mean(patch, 0);
        if (channels == 3) {
            luma = (77 * luma + 150 * mean(patch, 1) + 29 * mean(patch, 2)) >> 8;
        }
        std::int64_t lighter = kRooms - 1, darker = kRooms - 1;
        for (int channel = 0; channel < channels; ++channel) {
            const std::int64_t own = mean(patch, channel);
            const int steps = std::abs(slope(patch, channel, 0)) + std::abs(slope(patch, channel, 1));
            const std::int64_t reach = 3 * steps / 5;
            const std::int64_t shade = std::max<std::int64_t>((255 - tint) * luma + tint * own, 1);
            const auto room = [&](std::int64_t left) {
                return kRooms * luma * std::max<std::int64_t>(left - reach, 0) / shade;
            };
            lighter = std::min(lighter, room(255 - own));
            darker = std::min(darker, room(own));
        }
        return {static_cast<int>(lighter), static_cast<int>(darker)};
    }

    // Code the isometry of a patch, bit by bit, by its level and by the patch before.
    void code_isometry(std::size_t patch) {
        const int level = patches_.cells[patch][0];
        const int before = patch > 0 ? patches_.isometries[patch - 1] : 0;
        const int value = patches_.isometries[patch];
        std::uint32_t prefix = 1;
        for (int bit = kIsometryBits - 1; bit >= 0; --bit) {
            const coding::Contexts<2> contexts = {
                kSlots.isometry_level + level * kIsometries + prefix,
                kSlots.isometry_before + before * kIsometries + prefix,
            };
            prefix = prefix << 1 | coder_.code_mixed(value >> bit & 1, contexts, kIsometrySet, kOfIsometries);
        }
        patches_.isometries[patch] = static_cast<std::uint8_t>(prefix - kIsometries);
    }

    Coder& coder_;
    Patches& patches_;
    int finest_;
    std::vector<std::int32_t> memory_;
    Grid<std::int32_t> map_;  // the patch at every place of the finest level
    std::size_t count_ = 0;   // patches of the tree so far
    // Of the differences coded, 255 for all above, by kind and channel; and how far the numbers of this patch
    // were from the first guess.
    std::vector<std::array<std::array<std::uint8_t, kChannels>, kKinds>> sizes_;
    std::array<std::array<std::int64_t, kChannels>, kKinds> moves_{};
};

}  // namespace

bool read_patches(Row<const std::uint8_t> bytes, Patches& patches) {
    coding::Decoder coder(coding::untrained_models(kSlots.count, kSets), bytes);
    return PatchCoder(coder, patches).run();
}

std::optional<Written> write_patches(Patches patches) {
    coding::Encoder coder(coding::untrained_models(kSlots.count, kSets), kElements);
    if (!PatchCoder(coder, patches).run()) {
        return std::nullopt;
    }
    return Written{coder.finished(), coder.spent()};
}

}  // namespace selfsame::mosaic
