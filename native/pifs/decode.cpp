#include "pifs/decode.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>
#include <vector>

#include "core/fail.hpp"
#include "core/limits.hpp"
#include "core/resize.hpp"
#include "core/zeros.hpp"
#include "pifs/attractor.hpp"
#include "pifs/compose.hpp"
#include "pifs/deblock.hpp"
#include "pifs/region.hpp"
#include "pifs/transform.hpp"

namespace selfsame::pifs {

namespace {

constexpr double kReach = 3;       // half width of the Lanczos filter, in samples of the coarser of its two grids
constexpr double kPadding = 1.1;  // more than padding adds to a large picture

// A plane's samples.
class Samples {
public:
    Samples() : Samples(0, 0) {}
    Samples(std::size_t height, std::size_t width) : height_(height), width_(width), values_(height * width) {}

    std::size_t height() const { return height_; }
    std::size_t width() const { return width_; }
    Grid<float> grid() { return {values_.data(), height_, width_}; }

private:
    std::size_t height_, width_;
    Zeros<float> values_;
};

// Some blocks of a plane, as a plane of their own: they need not tile it, and what lies between them means nothing.
struct Part {
    PlaneCode plane;
    int top = 0, left = 0;  // in the plane that it was cut from
    std::vector<Block> blocks;
    std::vector<Map> maps;

    std::size_t height() const { return plane.levels.height(); }
    std::size_t width() const { return plane.levels.width(); }
};

// Cells of 4 × 4 pixels that are needed.
class Needed {
public:
    explicit Needed(const PlaneCode& plane)
        : height_(plane.levels.height() >> kMinLog2),
          width_(plane.levels.width() >> kMinLog2),
          marks_(height_ * width_) {}

    // Mark the cells that a rectangle of pixels touches.
    void add(int top, int left, int bottom, int right) {
        const auto first_y = std::size_t(top) >> kMinLog2, first_x = std::size_t(left) >> kMinLog2;
        const auto end = [](int pixels) { return (std::size_t(pixels) + (1 << kMinLog2) - 1) >> kMinLog2; };
        const Grid all(marks_.data(), height_, width_);
        const auto part = all.part(first_y, first_x, end(bottom) - first_y, end(right) - first_x);
        for (std::size_t y = 0; y < part.height(); ++y) {
            std::ranges::fill(part.row(y), std::uint8_t(1));
        }
    }
    Grid<const std::uint8_t> cells() const { return {marks_.data(), height_, width_}; }

private:
    std::size_t height_, width_;
    std::vector<std::uint8_t> marks_;
};

std::vector<std::int32_t> owners_of(const PlaneCode& plane) {
    const std::size_t height = plane.levels.height() >> kMinLog2, width = plane.levels.width() >> kMinLog2;
    std::vector<std::int32_t> owners(height * width, -1);
    fill_owners(plane.blocks, Grid(owners.data(), height, width));
    return owners;
}

// The blocks on which the marked cells depend through `iterations` rounds.
Part part_of(const PlaneCode& plane, const Needed& needed, int iterations) {
    const auto cells = needed.cells();
    const auto owners = owners_of(plane);
    const auto depth = depths(plane.blocks, plane.maps, Grid(owners.data(), cells.height(), cells.width()), cells,
                              iterations);
    Part part;
    int top = static_cast<int>(plane.levels.height()), left = static_cast<int>(plane.levels.width());
    int bottom = 0, right = 0;
    for (std::size_t i = 0; i < depth.size(); ++i) {
        if (depth[i] >= 0) {
            const Block& block = part.blocks.emplace_back(plane.blocks[i]);
            // Of the blocks reached last only b is needed, and their domains are not there.
            part.maps.push_back(iterations > 0 && depth[i] == iterations ? Map{} : plane.maps[i]);
            top = std::min(top, block.y), left = std::min(left, block.x);
            bottom = std::max(bottom, block.y + (1 << block.log2_height));
            right = std::max(right, block.x + (1 << block.log2_width));
        }
    }
    check(!part.blocks.empty());
    for (std::size_t i = 0; i < part.blocks.size(); ++i) {
        part.blocks[i].y -= top, part.blocks[i].x -= left;
        if (feeds_back(part.maps[i])) {
            part.maps[i].domain_y -= top, part.maps[i].domain_x -= left;
        }
    }
    part.top = top, part.left = left;
    part.plane = {std::min(bottom, plane.height) - top,
                  std::min(right, plane.width) - left,
                  plane.step,
                  {part.blocks.data(), part.blocks.size()},
                  {part.maps.data(), part.maps.size()},
                  plane.levels.part(top, left, bottom - top, right - left)};
    return part;
}

bool draws_from_luma(const Map& map) { return map.kind == kLuma; }

class Decoding {
public:
    Decoding(const PictureCode& code, const Sampling& sampling, int iterations, int threads)
        : code_(code), sampling_(sampling), grid_(sampling.grid), iterations_(iterations), threads_(threads) {
        cut();
        check_work();
    }

    // The bands that hold the blocks of the parts.
    std::vector<int> bands(int rows) const {
        std::vector<int> seen;
        for (std::size_t c = 0; c < parts_.size(); ++c) {
            for (const Block& block : parts_[c].plane.blocks) {
                seen.push_back((block.y + parts_[c].top) * ratio(c) / rows);
            }
        }
        std::ranges::sort(seen);
        seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
        return seen;
    }

    template <typename Sample>
    void run(std::span<const Grid<const float>> starts, Grid<Sample> out) const {
        const int channels = static_cast<int>(code_.planes.size()) + (code_.alpha.height() > 0);
        check(out.width() == std::size_t(channels) * sampling_.width &&
              out.height() == static_cast<std::size_t>(sampling_.height));
        auto samples = smoothed_planes(starts);
        std::vector<Window> windows;
        for (std::size_t c = 0; c < samples.size(); ++c) {
            const auto& plane = code_.planes[c];
            windows.push_back({samples[c].grid(), parts_[c].top * grid_, parts_[c].left * grid_,
                               plane.height * grid_, plane.width * grid_});
        }
        int top = sampling_.top * grid_, left = sampling_.left * grid_;
        bool is_half = code_.half_chroma;
        if (!sampling_.is_whole_scale) {
            for (std::size_t c = 0; c < windows.size(); ++c) {
                samples[c] = resampled(windows[c], ratio(c));
                windows[c] = {samples[c].grid(), 0, 0, sampling_.height, sampling_.width};
            }
            top = left = 0;
            is_half = false;
        }
        compose(windows, is_half, top, left, channels, out, threads_);
        if (code_.alpha.height() > 0) {
            fill_alpha(channels, out);
        }
    }

private:
    // Resolution of luma over that of a plane.
    int ratio(std::size_t c) const { return c > 0 && code_.half_chroma ? 2 : 1; }

    // Choose what must be computed of each plane.
    void cut() {
        const auto& luma = code_.planes[0];
        parts_.resize(code_.planes.size());
        if (sampling_.left == 0 && sampling_.top == 0 && sampling_.right == luma.width &&
            sampling_.bottom == luma.height) {
            for (std::size_t c = 0; c < parts_.size(); ++c) {
                parts_[c].plane = code_.planes[c];
            }
            return;
        }
        Needed of_luma(luma);
        // Chroma first: its maps may draw from luma outside of the rectangle.
        for (std::size_t c = parts_.size(); c-- > 1;) {
            Needed needed(code_.planes[c]);
            mark(c, needed);
            Part& part = parts_[c] = part_of(code_.planes[c], needed, iterations_);
            for (std::size_t i = 0; iterations_ > 0 && i < part.blocks.size(); ++i) {
                if (draws_from_luma(part.maps[i])) {
                    const auto& [y, x, lh, lw] = part.blocks[i];
                    const int top = (y + part.top) * ratio(c), left = (x + part.left) * ratio(c);
                    of_luma.add(top, left, top + (ratio(c) << lh), left + (ratio(c) << lw));
                }
            }
        }
        mark(0, of_luma);
        parts_[0] = part_of(luma, of_luma, iterations_);
    }

    // Mark what the filters need of a plane.
    void mark(std::size_t c, Needed& needed) const {
        const auto& s = sampling_;
        const int ratio = this->ratio(c);
        int margin = ratio == 2 ? 1 : 0;
        if (!s.is_whole_scale) {
            const double coarser = std::max({double(s.right - s.left) / s.width, double(s.bottom - s.top) / s.height, 1.0});
            margin = static_cast<int>(std::ceil(kReach * coarser)) + 1;
        }
        if (code_.deblock > 0) {
            margin += kMargin;
        }
        const auto& levels = code_.planes[c].levels;
        needed.add(std::max(0, s.top / ratio - margin), std::max(0, s.left / ratio - margin),
                   std::min(static_cast<int>(levels.height()), (s.bottom + ratio - 1) / ratio + margin),
                   std::min(static_cast<int>(levels.width()), (s.right + ratio - 1) / ratio + margin));
    }

    void check_work() const {
        for (const Part& part : parts_) {
            const auto samples = static_cast<std::int64_t>(part.height() * part.width()) * grid_ * grid_;
            if (static_cast<double>(samples) > static_cast<double>(kMaxPixels) * kPadding) {
                fail(Fault::kInput, "this scale is computed on a grid of ", grid_,
                     " samples a pixel in either direction, ", samples, " in all; at most ", kMaxPixels,
                     " are allowed: choose a smaller scale or a region");
            }
        }
    }

    // The planes on the grid of the sampling, with smoothed block borders.
    std::vector<Samples> smoothed_planes(std::span<const Grid<const float>> starts) const {
        const Basis basis(grid_);
        const bool is_drawn = std::ranges::any_of(
            parts_, [](const Part& part) { return std::ranges::any_of(part.plane.maps, draws_from_luma); });
        std::vector<Samples> result;
        for (std::size_t c = 0; c < parts_.size(); ++c) {
            const Part& part = parts_[c];
            const PlaneCode& plane = part.plane;
            const auto x = result.emplace_back(part.height() * grid_, part.width() * grid_).grid();
            inverse_dct(plane.levels, plane.blocks, plane.step, basis, x, threads_);
            Samples first, beside;
            std::optional<Grid<const float>> start;
            if (!starts.empty()) {
                first = start_of(starts[c], c);
                start = first.grid();
            }
            std::optional<Luma> drawn;
            if (c > 0 && is_drawn) {
                drawn = colocated(result[0].grid(), c, beside);
            }
            iterate(x, plane.blocks, plane.maps, grid_, drawn, start, iterations_, threads_);
        }
        for (std::size_t c = 0; c < parts_.size() && code_.deblock > 0; ++c) {  // now that nothing draws from luma
            const Part& part = parts_[c];
            const PlaneCode& plane = part.plane;
            const auto owners = owners_of(plane);
            const Grid cells(owners.data(), part.height() >> kMinLog2, part.width() >> kMinLog2);
            deblock(result[c].grid(), plane.levels, plane.blocks, plane.maps, cells, plane.step, code_.deblock, grid_,
                    threads_);
        }
        return result;
    }

    // Luma where a part of a chroma plane lies, as far as there is any; `memory` may come to hold it.
    Luma colocated(Grid<const float> luma, std::size_t c, Samples& memory) const {
        const int ratio = this->ratio(c);
        const Part& part = parts_[c];
        const std::size_t height = part.height() * ratio * grid_, width = part.width() * ratio * grid_;
        const std::int64_t top = std::int64_t(part.top * ratio - parts_[0].top) * grid_;
        const std::int64_t left = std::int64_t(part.left * ratio - parts_[0].left) * grid_;
        const auto is_within = [](std::int64_t start, std::size_t count, std::size_t size) {
            return start >= 0 && start + static_cast<std::int64_t>(count) <= static_cast<std::int64_t>(size);
        };
        if (is_within(top, height, luma.height()) && is_within(left, width, luma.width())) {
            return {luma.part(top, left, height, width), ratio};
        }
        memory = Samples(height, width);
        const Grid<float> moved = memory.grid();
        const auto first_y = std::max<std::int64_t>(0, -top), first_x = std::max<std::int64_t>(0, -left);
        const auto end_y = std::min<std::int64_t>(height, static_cast<std::int64_t>(luma.height()) - top);
        const auto end_x = std::min<std::int64_t>(width, static_cast<std::int64_t>(luma.width()) - left);
        for (std::int64_t y = first_y; y < end_y && first_x < end_x; ++y) {
            std::ranges::copy(luma.row(y + top).part(first_x + left, end_x - first_x),
                              moved.row(y).part(first_x, end_x - first_x).data());
        }
        return {moved, ratio};
    }

    // The start of a part of a plane, from one of any size; padding repeats its edge.
    Samples start_of(Grid<const float> values, std::size_t c) const {
        const Part& part = parts_[c];
        const auto& whole = code_.planes[c];
        const double down = double(values.height()) / whole.height, across = double(values.width()) / whole.width;
        const std::size_t inner_height = std::size_t(part.plane.height) * grid_;
        const std::size_t inner_width = std::size_t(part.plane.width) * grid_;
        Samples inner(inner_height, inner_width);
        resize<float>(values,
                      {part.left * across, part.top * down, (part.left + part.plane.width) * across,
                       (part.top + part.plane.height) * down},
                      Filter::kCubic, 1, inner.grid(), threads_);
        Samples padded(part.height() * grid_, part.width() * grid_);
        for (std::size_t y = 0; y < padded.height(); ++y) {
            const float* from = inner.grid().row(std::min(y, inner_height - 1)).data();
            float* to = padded.grid().row(y).data();
            std::copy_n(from, inner_width, to);
            std::fill(to + inner_width, to + padded.width(), from[inner_width - 1]);
        }
        return padded;
    }

    // A plane, of 1 / ratio of the picture's resolution, on the pixels of the result.
    Samples resampled(const Window& window, int ratio) const {
        const auto& s = sampling_;
        const auto rows = std::min<std::size_t>(window.height - window.top, window.values.height());
        const auto columns = std::min<std::size_t>(window.width - window.left, window.values.width());
        const double unit = double(grid_) / ratio;
        Samples result(s.height, s.width);
        // Chroma of half resolution is interpolated linearly, as it is at whole scales.
        resize<float>(window.values.part(0, 0, rows, columns),
                      {s.left * unit - window.left, s.top * unit - window.top, s.right * unit - window.left,
                       s.bottom * unit - window.top},
                      ratio == 2 ? Filter::kTriangle : Filter::kLanczos, 1,
                      result.grid(), threads_);
        return result;
    }

    // Write alpha to the last channel.
    template <typename Sample>
    void fill_alpha(int channels, Grid<Sample> out) const {
        const auto& s = sampling_;
        const auto put = [&](std::size_t y, std::size_t x, float value) {
            const float level = std::clamp(std::rint(value), 0.0f, 255.0f);
            out(y, (x + 1) * channels - 1) = static_cast<Sample>(std::is_same_v<Sample, float> ? level / 255 : level);
        };
        const std::size_t height = s.height, width = s.width;
        if (s.is_whole_scale && grid_ == 1) {
            const auto part = code_.alpha.part(s.top, s.left, height, width);
            for (std::size_t y = 0; y < height; ++y) {
                for (std::size_t x = 0; x < width; ++x) {
                    put(y, x, part(y, x));
                }
            }
            return;
        }
        std::vector<float> whole(code_.alpha.data(), code_.alpha.data() + code_.alpha.height() * code_.alpha.width());
        Samples values(height, width);
        resize<float>({whole.data(), code_.alpha.height(), code_.alpha.width()},
                      {double(s.left), double(s.top), double(s.right), double(s.bottom)}, Filter::kCubic, 1,
                      values.grid(), threads_);
        for (std::size_t y = 0; y < height; ++y) {
            for (std::size_t x = 0; x < width; ++x) {
                put(y, x, values.grid()(y, x));
            }
        }
    }

    const PictureCode& code_;
    Sampling sampling_;
    int grid_, iterations_, threads_;
    std::vector<Part> parts_;
};

}  // namespace

template <typename Sample>
void decode(const PictureCode& code, const Sampling& sampling, int iterations,
            std::span<const Grid<const float>> starts, Grid<Sample> out, int threads) {
    Decoding(code, sampling, iterations, threads).run(starts, out);
}
template void decode(const PictureCode&, const Sampling&, int, std::span<const Grid<const float>>, Grid<float>, int);
template void decode(const PictureCode&, const Sampling&, int, std::span<const Grid<const float>>,
                     Grid<std::uint8_t>, int);

std::vector<int> bands_seen(const PictureCode& code, const Sampling& sampling, int iterations, int rows) {
    return Decoding(code, sampling, iterations, 1).bands(rows);
}

}  // namespace selfsame::pifs
