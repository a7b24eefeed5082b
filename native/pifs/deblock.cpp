#include "pifs/deblock.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/clones.hpp"
#include "core/parallel.hpp"
#include "pifs/transform.hpp"

namespace selfsame::pifs {

namespace {

constexpr float kGain = 0.75f;  // part of a small jump that is taken away, both sides together
// Square of the jump of which half as large a part is taken away, over the variance that quantisation
// explains, at strength 4; twice as large at the next.
constexpr double kTolerance = 1.5;
constexpr float kRamp = 0.65f;         // length of a ramp over that of the block's details
constexpr float kSlope = 0.375f;       // pixels over which a block is continued, as its last two go
constexpr float kMappedDetail = 2;     // of a block with a map: its cosines do not say
constexpr std::size_t kStrip = 16;     // columns of cells that one share filters vertically
constexpr std::size_t kBelt = 16;      // rows of cells that one share filters horizontally
constexpr std::size_t kShareBlocks = 512;

// Lengths of the finest vertical and horizontal details of a block.
struct Details {
    float down, across;
};

std::vector<Details> measured(Grid<const std::int32_t> levels, Row<const Block> blocks,
                              Row<const Map> maps, int threads) {
    std::vector<Details> details(blocks.size());
    parallel_for(threads, (blocks.size() + kShareBlocks - 1) / kShareBlocks, [&](std::size_t share) {
        const std::size_t first = share * kShareBlocks, end = std::min(first + kShareBlocks, blocks.size());
        for (std::size_t i = first; i < end; ++i) {
            const auto& [y, x, lh, lw] = blocks[i];
            const int h = 1 << lh, w = 1 << lw;
            const Box box = level_box(levels.part(y, x, h, w));
            const float longest = maps[i].kind == kNoMap ? static_cast<float>(std::max(h, w)) : kMappedDetail;
            details[i] = {std::min(static_cast<float>(h) / std::max(box.rows, 1), longest),
                          std::min(static_cast<float>(w) / std::max(box.columns, 1), longest)};
        }
    });
    return details;
}

// What is taken away on one side of a border: `weights[k]` of the jump from the k-th sample on.
struct Ramp {
    int count;
    float length;

    Ramp(float detail, int scale) : length(std::min(std::max(detail, 1.0f) * kRamp, float(kMaxRamp)) * scale) {
        count = static_cast<int>(length + 0.5f);
    }
    float at(int k) const { return 1 - (static_cast<float>(k) + 0.5f) / length; }
};

// How the jumps of a border between two blocks are judged.
struct Border {
    float noise_before, noise_behind, tolerance, gain;
    Ramp before, behind;

    Border(float detail_before, float detail_behind, float tolerance, int scale)
        : noise_before(1 / detail_before),
          noise_behind(1 / detail_behind),
          tolerance(tolerance * (noise_before + noise_behind)),
          gain(kGain / (noise_before + noise_behind)),
          before(detail_before, scale),
          behind(detail_behind, scale) {}

    // The jump between `last` and `first`, less where it is an edge; `inner` and `next` lie one pixel of
    // the plane farther from the border.
    float correction(float inner, float last, float first, float next, float slope) const {
        const float jump = (first - slope * (next - first)) - (last + slope * (last - inner));
        return gain * jump / (1 + jump * jump / tolerance);
    }
};

// A part of a plane as it was.
class Kept {
public:
    explicit Kept(Grid<const float> x) : width_(x.width()), values_(x.height() * width_) {
        copy(x, Grid(values_.data(), x.height(), width_));
    }
    Grid<const float> grid() const { return {values_.data(), values_.size() / width_, width_}; }

private:
    std::size_t width_;
    std::vector<float> values_;
};

// Smooth the vertical borders in one row of cells.
SELFSAME_CLONES
void smooth_columns(Grid<float> x, Row<const std::int32_t> owners, const std::vector<Details>& details,
                    float tolerance, int scale) {
    const Kept kept(x);
    const std::size_t unit = std::size_t(scale) << kMinLog2, far = scale + 1;
    const float slope = kSlope / static_cast<float>(scale);
    for (std::size_t column = 1; column < owners.size(); ++column) {
        const std::int32_t ours = owners[column - 1], theirs = owners[column];
        if (ours == theirs || std::min(ours, theirs) < 0) {
            continue;
        }
        const Border border(details[ours].across, details[theirs].across, tolerance, scale);
        const std::size_t at = column * unit;
        for (std::size_t i = 0; i < unit; ++i) {
            const auto values = kept.grid().row(i);
            const auto target = x.row(i);
            const float c = border.correction(values[at - far], values[at - 1], values[at],
                                              values[at + scale], slope);
            for (int k = 0; k < border.before.count; ++k) {
                target[at - 1 - k] += c * border.noise_before * border.before.at(k);
            }
            for (int k = 0; k < border.behind.count; ++k) {
                target[at + k] -= c * border.noise_behind * border.behind.at(k);
            }
        }
    }
}

// Smooth the horizontal borders in one strip of columns of cells.
SELFSAME_CLONES
void smooth_rows(Grid<float> x, Grid<const std::int32_t> owners, const std::vector<Details>& details,
                 float tolerance, int scale) {
    const Kept kept(x);
    const std::size_t unit = std::size_t(scale) << kMinLog2, far = scale + 1;
    const float slope = kSlope / static_cast<float>(scale);
    const std::size_t stop = owners.width();
    std::vector<float> c(x.width());
    for (std::size_t row = 1; row < owners.height(); ++row) {
        const std::size_t at = row * unit;
        for (std::size_t begin = 0, end = 0; begin < stop; begin = end) {
            const std::int32_t ours = owners(row - 1, begin), theirs = owners(row, begin);
            while (end < stop && owners(row - 1, end) == ours && owners(row, end) == theirs) {
                ++end;
            }
            if (ours == theirs || std::min(ours, theirs) < 0) {
                continue;
            }
            const Border border(details[ours].down, details[theirs].down, tolerance, scale);
            const std::size_t left = begin * unit, width = (end - begin) * unit;
            const auto line = [&](std::size_t y) { return kept.grid().row(y).part(left, width).data(); };
            const float *inner = line(at - far), *last = line(at - 1), *first = line(at),
                        *next = line(at + scale);
            for (std::size_t j = 0; j < width; ++j) {
                c[j] = border.correction(inner[j], last[j], first[j], next[j], slope);
            }
            const auto add = [&](std::size_t y, float weight) {
                float* target = x.row(y).part(left, width).data();
                for (std::size_t j = 0; j < width; ++j) {
                    target[j] += c[j] * weight;
                }
            };
            for (int k = 0; k < border.before.count; ++k) {
                add(at - 1 - k, border.noise_before * border.before.at(k));
            }
            for (int k = 0; k < border.behind.count; ++k) {
                add(at + k, -border.noise_behind * border.behind.at(k));
            }
        }
    }
}

}  // namespace

void deblock(Grid<float> x, Grid<const std::int32_t> levels, Row<const Block> blocks,
             Row<const Map> maps, Grid<const std::int32_t> owners, float step, int strength, int scale,
             int threads) {
    const auto details = measured(levels, blocks, maps, threads);
    const auto tolerance = static_cast<float>(kTolerance * std::exp2(strength - 4) * step * step);
    const std::size_t unit = std::size_t(scale) << kMinLog2;
    parallel_for(threads, (owners.height() + kBelt - 1) / kBelt, [&](std::size_t belt) {
        for (std::size_t cell = belt * kBelt; cell < std::min((belt + 1) * kBelt, owners.height()); ++cell) {
            dispatched(smooth_columns)(x.part(cell * unit, 0, unit, x.width()), owners.row(cell), details,
                                       tolerance, scale);
        }
    });
    parallel_for(threads, (owners.width() + kStrip - 1) / kStrip, [&](std::size_t strip) {
        const std::size_t start = strip * kStrip, count = std::min(kStrip, owners.width() - start);
        dispatched(smooth_rows)(x.part(0, start * unit, x.height(), count * unit),
                                owners.part(0, start, owners.height(), count), details, tolerance, scale);
    });
}

}  // namespace selfsame::pifs
