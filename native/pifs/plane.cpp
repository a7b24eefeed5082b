#include "pifs/plane.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "coding/numbers.hpp"
#include "core/bounded.hpp"
#include "pifs/levels.hpp"

namespace selfsame::pifs {

namespace {

using coding::code_number;
using coding::floor_divide;
using coding::kLengths;

constexpr std::int64_t kRootTwo = 92682;  // 2 ** 0.5 in 16 bits

// 0 for no block, else 1 to 8: how much smaller than a node's a neighbour's area is.
int relative_area(int area, int log2) { return area == 0 ? 0 : std::clamp(2 * log2 - area + 3, 1, 8); }

std::int64_t total_activity(const Cells::Cell& cell) {
    std::int64_t total = 0;
    for (const std::int16_t band : cell.bands) {
        total += band;
    }
    return total;
}

// The cell of the plane coded before that lies at a place of this one, in its pixels.
const Cells::Cell& other_cell(const Plane& plane, int y, int x) {
    const Cells& other = *plane.other;
    return other.at(std::min((y >> kMinLog2) << plane.other_shift, other.height() - 1),
                    std::min((x >> kMinLog2) << plane.other_shift, other.width() - 1));
}

// Whether a stream holds the levels of a block behind its first.
bool are_codable(Grid<std::int32_t> levels) {
    for (std::size_t v = 0; v < levels.height(); ++v) {
        const auto row = levels.row(v);
        const auto rest = row.part(v == 0, row.size() - (v == 0));
        if (std::ranges::any_of(rest, [](std::int32_t c) { return c < -kMaxLevel || c > kMaxLevel; })) {
            return false;
        }
    }
    return true;
}

template <typename Coder>
class PlaneCoder {
public:
    PlaneCoder(Coder& coder, Plane& plane, const Choice* choice)
        : coder_(coder), plane_(plane), choice_(choice) {}

    bool run() {
        const int height = static_cast<int>(plane_.levels.height());
        const int width = static_cast<int>(plane_.levels.width());
        for (int y = 0; y < height; y += 1 << kMaxLog2) {
            for (int x = 0; x < width; x += 1 << kMaxLog2) {
                if (!code_node(y, x, kMaxLog2)) {
                    return false;
                }
            }
        }
        return Coder::kDecoding || done_ == plane_.blocks.size();
    }

private:
    bool code_node(int y, int x, int log2) {
        if (y >= static_cast<int>(plane_.levels.height()) ||
            x >= static_cast<int>(plane_.levels.width())) {
            return true;
        }
        const int half = 1 << (log2 - 1);
        switch (code_split(y, x, log2)) {
            case Split::kLeaf:
                return code_block({y, x, log2, log2});
            case Split::kQuad:
                return code_node(y, x, log2 - 1) && code_node(y, x + half, log2 - 1) &&
                       code_node(y + half, x, log2 - 1) && code_node(y + half, x + half, log2 - 1);
            case Split::kRows:
                return code_block({y, x, log2 - 1, log2}) && code_block({y + half, x, log2 - 1, log2});
            case Split::kColumns:
                return code_block({y, x, log2, log2 - 1}) && code_block({y, x + half, log2, log2 - 1});
        }
        return false;
    }

    // The split of a node that the blocks to be written make.
    Split wanted_split(int log2) const {
        if (Coder::kDecoding || done_ >= plane_.blocks.size()) {
            return Split::kLeaf;
        }
        const auto& [y, x, lh, lw] = plane_.blocks[done_];
        if (lh == log2 - 1 && lw == log2) {
            return Split::kRows;
        }
        if (lh == log2 && lw == log2 - 1) {
            return Split::kColumns;
        }
        return lh < log2 ? Split::kQuad : Split::kLeaf;
    }

    Split code_split(int y, int x, int log2) {
        const int size = 1 << log2;
        if (y + size > static_cast<int>(plane_.levels.height()) ||
            x + size > static_cast<int>(plane_.levels.width())) {
            return Split::kQuad;
        }
        if (log2 == kMinLog2) {
            return Split::kLeaf;
        }
        const Split wanted = wanted_split(log2);
        const Cells& cells = plane_.cells;
        const int cy = y >> kMinLog2, cx = x >> kMinLog2, count = size >> kMinLog2, half = count / 2;
        const int above = cy > 0 ? relative_area(cells.at(cy - 1, cx + half).area, log2) : 0;
        const int left = cx > 0 ? relative_area(cells.at(cy + half, cx - 1).area, log2) : 0;
        const int corner = cy > 0 ? relative_area(cells.at(cy - 1, cx).area, log2) : 0;
        const int low = cx > 0 ? relative_area(cells.at(cy, cx - 1).area, log2) : 0;
        // Activity of the neighbours at frequencies that a block of this size resolves.
        std::array<std::int64_t, 3> active{};
        const auto add = [&](const Cells::Cell& cell) {
            for (int b = 3 * std::max(0, kMaxLog2 - log2 - 1); b < kBands; ++b) {
                active[b % 3] += cell.bands[b];
            }
        };
        for (int k = 0; k < count; ++k) {
            if (cy > 0) {
                add(cells.at(cy - 1, cx + k));
            }
            if (cx > 0) {
                add(cells.at(cy + k, cx - 1));
            }
        }
        const int activity = magnitude_class((active[0] + active[1] + active[2]) / (2 * count));
        const int direction = active[0] > 2 * active[1] ? 0 : active[1] > 2 * active[0] ? 1 : 2;
        int other_area = 0, other_activity = 0;
        if (plane_.chroma) {
            const auto& cell = other_cell(plane_, y + size / 2, x + size / 2);
            other_area = relative_area(cell.area, log2 + plane_.other_shift);
            other_activity = magnitude_class(total_activity(cell));
        }
        // Is it split? In halves? Side by side?
        const std::array<bool, 3> answers = {wanted != Split::kLeaf, wanted != Split::kQuad,
                                             wanted == Split::kColumns};
        const int s = log2 - kMinLog2;
        int yes = 0;
        for (int step = 0; step < 3; ++step, ++yes) {
            const int kind = step * 2 + plane_.chroma, base = kind * kSizes + s;
            const coding::Contexts<4> contexts = {
                kSlots.split_neighbours + (base * kAreas + above) * kAreas + left,
                kSlots.split_activity + (base * kMagnitudes + activity) * 3 + direction,
                kSlots.split_corners + (base * kAreas + corner) * kAreas + low,
                kSlots.split_luma + (base * kAreas + other_area) * kMagnitudes + other_activity,
            };
            if (!coder_.code_mixed(answers[step], contexts, kSets.split + kind, kPartition)) {
                break;
            }
        }
        constexpr std::array results = {Split::kLeaf, Split::kQuad, Split::kRows, Split::kColumns};
        return results[yes];
    }

    bool code_block(const Block& place) {
        Block whole = place;
        whole.y += plane_.top;
        if constexpr (Coder::kDecoding) {
            plane_.blocks.push_back(whole);
            plane_.maps.push_back({});
        } else if (done_ >= plane_.blocks.size() || plane_.blocks[done_] != whole) {
            return false;
        }
        BlockState block = expect(place);
        Map& map = plane_.maps[done_];
        if (block.lh == block.lw && !code_map(block, map)) {
            return false;
        }
        block.mapped = map.kind != kNoMap;
        const auto levels = plane_.levels.part(block.y, block.x, 1 << block.lh, 1 << block.lw);
        if (!code_mean(block, levels)) {
            return false;
        }
        if constexpr (!Coder::kDecoding) {
            if (choice_) {
                choose_levels(coder_, block, *choice_, levels, magnitudes_);
            } else if (!are_codable(levels)) {
                return false;
            }
        }
        code_levels(coder_, block, levels, magnitudes_);
        remember(block, map.kind, levels);
        ++done_;
        return !coder_.is_overrun();
    }

    // What the blocks above and to the left let expect of a block.
    BlockState expect(const Block& place) const {
        BlockState block{};
        block.y = place.y, block.x = place.x, block.lh = place.log2_height, block.lw = place.log2_width;
        block.chroma = plane_.chroma;
        const Cells& cells = plane_.cells;
        const int cy = block.y >> kMinLog2, cx = block.x >> kMinLog2;
        const int rows = 1 << (block.lh - kMinLog2), columns = 1 << (block.lw - kMinLog2);
        std::array<std::int64_t, kBands> total{};
        const auto add = [&](const Cells::Cell& cell) {
            for (int b = 0; b < kBands; ++b) {
                total[b] += cell.bands[b];
            }
        };
        for (int k = 0; cy > 0 && k < columns; ++k) {
            add(cells.at(cy - 1, cx + k));
        }
        for (int k = 0; cx > 0 && k < rows; ++k) {
            add(cells.at(cy + k, cx - 1));
        }
        const int weight = (cy > 0 ? columns : 0) + (cx > 0 ? rows : 0);
        for (int b = 0; b < kBands; ++b) {
            block.expected[b] = weight ? total[b] / weight : 8;
            block.own_class[b] = magnitude_class(block.expected[b]);
        }
        for (int b = 0; b < kBands; b += 3) {
            const auto octave = block.expected[b] + block.expected[b + 1] + block.expected[b + 2];
            std::fill_n(&block.octave_class[b], 3, magnitude_class(octave / 3));
        }
        if (plane_.chroma) {
            const auto& cell = other_cell(plane_, block.y + (1 << block.lh) / 2,
                                          block.x + (1 << block.lw) / 2);
            block.other_class = magnitude_class(total_activity(cell) >> 1);
        }
        return block;
    }

    bool code_map(const BlockState& block, Map& map) {
        const int y = block.y, x = block.x, log2 = block.lh, s = log2 - kMinLog2;
        const int cy = y >> kMinLog2, cx = x >> kMinLog2;
        const int above = cy > 0 ? plane_.cells.at(cy - 1, cx).kind : 0;
        const int left = cx > 0 ? plane_.cells.at(cy, cx - 1).kind : 0;
        const int activity = block.own_class[3 * (kMaxLog2 - log2) + 2];
        auto& [kind, domain_y, domain_x, isometry, scale] = map;
        int read = 0;
        for (; read < kLuma; ++read) {
            const int base = read * 2 + plane_.chroma;
            const coding::Contexts<2> contexts = {
                kSlots.map_kind_neighbours + (base * kKinds + above) * kKinds + left,
                kSlots.map_kind_size + (base * kSizes + s) * kMagnitudes + activity,
            };
            if (coder_.code_mixed(kind == read, contexts, kSets.map + read, kMaps)) {
                break;
            }
        }
        kind = read;
        if (kind == kNoMap) {
            return true;
        }
        if (kind == kLuma && !plane_.chroma) {
            return false;
        }
        const int negative = coder_.code_adaptive(scale < 0, kSlots.scale_sign + (kind == kLuma), kMaps);
        int size = 0;
        for (; size < kMaxScaleIndex; ++size) {
            const std::uint32_t slot = kSlots.scale_size + (kind * kSizes + s) * 16 + size;
            if (!coder_.code_adaptive(std::abs(scale) > size, slot, kMaps)) {
                break;
            }
        }
        scale = negative ? -size : size;
        if (kind == kLuma) {
            return true;
        }
        std::uint32_t node = 1;
        for (int k = 2; k >= 0; --k) {
            const std::uint32_t slot = kSlots.isometry + s * 8 + node;
            node = node << 1 | coder_.code_adaptive(isometry >> k & 1, slot, kMaps);
        }
        isometry = node & 7;
        const int side = contraction(kind) << log2;
        return code_offset(0, y + plane_.top, plane_.whole_height, log2, side, domain_y) &&
               code_offset(1, x, static_cast<int>(plane_.levels.width()), log2, side, domain_x);
    }

    // Code a domain's place along one axis, relative to the block: the difference of their centres, in
    // whole pixels. False if it lies outside of the plane.
    bool code_offset(int axis, int place, int limit, int log2, int side, std::int32_t& domain) {
        const int s = log2 - kMinLog2, centring = (side - (1 << log2)) >> 1;
        const std::int32_t offset = domain + centring - place;
        const int negative =
            coder_.code_adaptive(offset < 0, kSlots.offset_sign + axis * kSizes + s, kMaps);
        const coding::Contexts<1> contexts = {kSlots.offset_length + (axis * kSizes + s) * kLengths};
        const std::int32_t size =
            code_number(coder_, std::abs(offset), contexts, -1, kSlots.offset_bits + axis * kLengths * 8,
                        kSlots.offset_low + axis * kLengths, kMaps);
        domain = (negative ? -size : size) - centring + place;
        return domain >= 0 && domain + side <= limit;
    }

    // Code a block's first level, predicted from the borders above and to the left. False if it is
    // beyond kMaxMean, or too far from the prediction.
    bool code_mean(BlockState& block, Grid<std::int32_t> levels) {
        const int total = block.lh + block.lw;
        const std::int64_t mean = predict_mean(block);
        const std::int64_t level = total & 1 ? mean * kRootTwo << total / 2 >> 16 : mean << total / 2;
        const std::int64_t predicted = (level + (1 << (kFractionBits - 1))) >> kFractionBits;
        if constexpr (!Coder::kDecoding) {
            if (choice_) {
                const auto wanted = bounded<double>(choice_->coefficients(block.y, block.x), -kMaxMean, kMaxMean);
                levels(0, 0) = static_cast<std::int32_t>(std::rint(wanted));
            }
        }
        const std::int64_t value = Coder::kDecoding ? 0 : levels(0, 0) - predicted;
        if (std::abs(value) > coding::kMostNumber) {
            return false;
        }
        // How far the two borders disagree, in units of the first level, in sixteenths.
        const std::int64_t lean = block.top_mean - block.left_mean;
        const int spread = magnitude_class((std::abs(lean) << total / 2) >> (kFractionBits - 2));
        const int first = 3 * std::max(0, kMaxLog2 - std::max(block.lh, block.lw));
        const int activity = magnitude_class(block.expected[first] + block.expected[first + 1]);
        const int area = block.area(), base = plane_.chroma, s = std::min(area / 2, kSizes - 1);
        const coding::Contexts<3> contexts = {
            kSlots.mean_spread + (base * kMagnitudes + spread) * kLengths,
            kSlots.mean_size + (base * kSizes * 2 + area) * kLengths,
            kSlots.mean_activity + ((base * kSizes + s) * kMagnitudes + activity) * kLengths,
        };
        std::int64_t size = code_number(
            coder_, static_cast<std::int32_t>(std::abs(value)), contexts, kSets.mean + base * 3,
            kSlots.mean_bits + base * kLengths * 8, kSlots.mean_low + base * kLengths, kMeans);
        if (size > 0) {
            const std::uint32_t slot = kSlots.mean_sign + base * 3 + (lean == 0 ? 0 : lean > 0 ? 1 : 2);
            if (coder_.code_adaptive(value < 0, slot, kMeans)) {
                size = -size;
            }
        }
        levels(0, 0) = static_cast<std::int32_t>(predicted + size);
        return std::abs(predicted + size) <= kMaxMean;
    }

    // Set the means of the borders above and to the left, and return the block's predicted one.
    std::int64_t predict_mean(BlockState& block) const {
        const Cells& cells = plane_.cells;
        const int cy = block.y >> kMinLog2, cx = block.x >> kMinLog2;
        const int rows = 1 << (block.lh - kMinLog2), columns = 1 << (block.lw - kMinLog2);
        std::int64_t top = 0, left = 0;
        for (int k = 0; cy > 0 && k < columns; ++k) {
            top += cells.at(cy - 1, cx + k).lower;
        }
        for (int k = 0; cx > 0 && k < rows; ++k) {
            left += cells.at(cy + k, cx - 1).right;
        }
        std::int64_t mean = 0;
        if (cy > 0 && cx > 0) {
            mean = floor_divide(top + left, rows + columns);
            block.top_mean = floor_divide(top, columns);
            block.left_mean = floor_divide(left, rows);
        } else if (cy > 0) {
            block.top_mean = block.left_mean = mean = floor_divide(top, columns);
        } else if (cx > 0) {
            block.top_mean = block.left_mean = mean = floor_divide(left, rows);
        }
        return mean;
    }

    // Enter a coded block into the cells.
    void remember(const BlockState& block, int kind, Grid<std::int32_t> levels) {
        const int lh = block.lh, lw = block.lw;
        std::array<std::int64_t, kBands> sums{}, counts{};
        const Row<const Place> places = scan(lh, lw);
        for (int position = 1; position < block.pixels(); ++position) {
            const Place place = places[position];
            ++counts[place.band];
            sums[place.band] += std::abs(static_cast<std::int64_t>(levels(place.v, place.u)));
        }
        Cells::Cell known{};
        known.area = static_cast<std::int8_t>(lh + lw);
        known.kind = static_cast<std::int8_t>(kind);
        std::array<std::int64_t, 3> next{};  // for bands that the block does not resolve
        for (int b = kBands - 1; b >= 0; --b) {
            if (counts[b]) {
                next[b % 3] = std::min<std::int64_t>((sums[b] * 16 + counts[b] / 2) / counts[b], 2047);
            }
            known.bands[b] = static_cast<std::int16_t>(next[b % 3]);
        }
        const std::int64_t mean = mean_of_level(levels(0, 0), lh, lw);
        // Value of the lowest cosines at the border across, whose last samples are close to ±sqrt(2).
        std::int64_t across = 0, down = 0, sign = -1;
        for (int k = 1; k < std::min({4, 1 << lh, 1 << lw}); ++k, sign = -sign) {
            across += sign * levels(0, k);
            down += sign * levels(k, 0);
        }
        const std::int64_t right = mean + (mean_of_level(across, lh, lw) * kRootTwo >> 16);
        const std::int64_t lower = mean + (mean_of_level(down, lh, lw) * kRootTwo >> 16);
        // Along the border the slope is taken as a straight line from +sqrt(2) to -sqrt(2).
        const std::int64_t slope_v = mean_of_level(levels(1, 0), lh, lw) * kRootTwo >> 16;
        const std::int64_t slope_u = mean_of_level(levels(0, 1), lh, lw) * kRootTwo >> 16;
        const int cy = block.y >> kMinLog2, cx = block.x >> kMinLog2;
        const int rows = 1 << (lh - kMinLog2), columns = 1 << (lw - kMinLog2);
        for (int j = 0; j < rows; ++j) {
            for (int i = 0; i < columns; ++i) {
                plane_.cells.at(cy + j, cx + i) = known;
            }
        }
        for (int k = 0; k < rows; ++k) {
            plane_.cells.at(cy + k, cx + columns - 1).right =
                static_cast<std::int32_t>(right + floor_divide(slope_v * (rows - 1 - 2 * k), rows));
        }
        for (int k = 0; k < columns; ++k) {
            plane_.cells.at(cy + rows - 1, cx + k).lower =
                static_cast<std::int32_t>(lower + floor_divide(slope_u * (columns - 1 - 2 * k), columns));
        }
    }

    Coder& coder_;
    Plane& plane_;
    const Choice* choice_;
    std::size_t done_ = 0;  // blocks
    Magnitudes magnitudes_;
};

}  // namespace

Cells::Cells(int height, int width)
    : height_(height >> kMinLog2), width_(width >> kMinLog2), cells_(height_ * width_) {}

Plane::Plane(Grid<std::int32_t> levels, int top, int whole_height, const Plane* before)
    : levels(levels),
      top(top),
      whole_height(whole_height),
      cells(0, 0),
      other(before ? &before->cells : nullptr),
      other_shift(before ? std::bit_width(before->levels.height() / levels.height()) - 1 : 0),
      chroma(before != nullptr) {}

bool read_plane(coding::Decoder& coder, Plane& plane) {
    return PlaneCoder(coder, plane, nullptr).run();
}

bool write_plane(coding::Encoder& coder, Plane& plane, const Choice* choice) {
    return PlaneCoder(coder, plane, choice).run();
}

}  // namespace selfsame::pifs
