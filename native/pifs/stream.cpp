#include "pifs/stream.hpp"

#include <algorithm>
#include <atomic>

#include "core/fail.hpp"
#include "core/parallel.hpp"

namespace selfsame::pifs {

Bands::Bands(const std::vector<Sides>& sides, int rows) : sides_(sides) {
    if (sides.empty() || rows < 0 || rows % kBandUnit) {
        fail(Fault::kInput, "no planes, or bands of broken superblocks");
    }
    for (const auto& [height, width] : sides) {
        const int ratio = height > 0 ? sides[0].height / height : 0;
        if (height < 1 || width < 1 || height % 4 || width % 4 || ratio < 1 || ratio > 2) {
            fail(Fault::kInput, "sides of planes are multiples of 4, chroma's those of luma or half");
        }
        rows_.push_back(rows ? rows / ratio : height);
    }
    for (int top = 0; top < sides[0].height; top += rows_[0]) {
        auto& planes = *bands_.emplace_back(std::make_unique<std::vector<Plane>>());
        planes.reserve(sides.size());
        for (std::size_t i = 0; i < sides.size(); ++i) {
            const int start = static_cast<int>(bands_.size() - 1) * rows_[i];
            const int height = std::min(rows_[i], sides[i].height - start);
            if (height < 1) {
                fail(Fault::kInput, "a plane that does not reach the last band");
            }
            const Grid<std::int32_t> levels(nullptr, height, sides[i].width);
            planes.emplace_back(levels, start, sides[i].height, planes.empty() ? nullptr : &planes.back());
        }
    }
}

void Bands::place(std::size_t plane, Grid<std::int32_t> levels) {
    check(levels.height() == static_cast<std::size_t>(sides_.at(plane).height));
    for (auto& band : bands_) {
        Plane& part = (*band)[plane];
        part.levels = levels.part(part.top, 0, part.levels.height(), part.levels.width());
    }
}

std::size_t Bands::band_of(std::size_t plane, std::int32_t y) const {
    return static_cast<std::size_t>(std::max(y, 0)) / rows_.at(plane);
}

namespace {

// Tile a band with the largest blocks that fit.
void leave_out(Plane& plane, int y, int x, int log2) {
    const int height = static_cast<int>(plane.levels.height()), width = static_cast<int>(plane.levels.width());
    const int side = 1 << log2, half = side / 2;
    if (y >= height || x >= width) {
        return;
    }
    if (y + side <= height && x + side <= width) {
        plane.blocks.push_back({y + plane.top, x, log2, log2});
        plane.maps.push_back({});
        return;
    }
    leave_out(plane, y, x, log2 - 1);
    leave_out(plane, y, x + half, log2 - 1);
    leave_out(plane, y + half, x, log2 - 1);
    leave_out(plane, y + half, x + half, log2 - 1);
}

void leave_out(Plane& plane) {
    for (int y = 0; y < static_cast<int>(plane.levels.height()); y += 1 << kMaxLog2) {
        for (int x = 0; x < static_cast<int>(plane.levels.width()); x += 1 << kMaxLog2) {
            leave_out(plane, y, x, kMaxLog2);
        }
    }
}

}  // namespace

std::vector<PlaneParts> read_bands(const std::vector<std::optional<Row<const std::uint8_t>>>& streams,
                                   const std::vector<Sides>& sides, int rows, const coding::Models& models,
                                   int threads) {
    Bands bands(sides, rows);
    if (bands.size() != streams.size()) {
        return {};
    }
    std::vector<PlaneParts> result;
    for (std::size_t i = 0; i < sides.size(); ++i) {
        const std::size_t height = sides[i].height, width = sides[i].width;
        auto& levels = result.emplace_back(PlaneParts{{}, {}, Zeros<std::int32_t>(height * width)}).levels;
        bands.place(i, {levels.data(), height, width});
    }
    std::atomic<bool> is_sound = true;
    parallel_for(threads, bands.size(), [&](std::size_t band) {
        if (!streams[band]) {
            for (Plane& plane : bands[band]) {
                leave_out(plane);
            }
            return;
        }
        coding::Decoder coder(models, *streams[band]);
        for (Plane& plane : bands[band]) {
            plane.begin();
            if (!is_sound || !read_plane(coder, plane)) {
                is_sound = false;
                return;
            }
        }
        for (Plane& plane : bands[band]) {
            plane.cells = Cells(0, 0);
        }
    });
    if (!is_sound) {
        return {};
    }
    for (std::size_t i = 0; i < sides.size(); ++i) {
        auto& [blocks, maps, levels] = result[i];
        for (std::size_t band = 0; band < bands.size(); ++band) {
            Plane& part = bands[band][i];
            blocks.insert(blocks.end(), part.blocks.begin(), part.blocks.end());
            maps.insert(maps.end(), part.maps.begin(), part.maps.end());
        }
    }
    return result;
}

BandWriter::BandWriter(const std::vector<Sides>& sides, int rows, const coding::Models& models)
    : bands_(sides, rows), coders_(bands_.size(), coding::Encoder(models, kElements)) {}

bool BandWriter::write(std::size_t plane, Row<const Block> blocks, Row<const Map> maps,
                       Grid<std::int32_t> levels, const Choice* choice, int threads) {
    check(blocks.size() == maps.size());
    bands_.place(plane, levels);
    std::size_t start = 0;
    for (std::size_t band = 0; band < bands_.size(); ++band) {
        std::size_t end = start;
        while (end < blocks.size() && bands_.band_of(plane, blocks[end].y) == band) {
            ++end;
        }
        Plane& part = bands_[band][plane];
        part.blocks.assign(blocks.begin() + start, blocks.begin() + end);
        part.maps.assign(maps.begin() + start, maps.begin() + end);
        start = end;
    }
    std::atomic<bool> is_tree = start == blocks.size();
    if (plane > 1) {
        for (std::size_t band = 0; band < bands_.size(); ++band) {  // of what no further plane needs
            bands_[band][plane - 2].cells = Cells(0, 0);
        }
    }
    parallel_for(is_tree ? threads : 0, is_tree ? bands_.size() : 0, [&](std::size_t band) {
        Plane& part = bands_[band][plane];
        const std::size_t height = part.levels.height(), width = part.levels.width();
        part.begin();
        std::optional<Choice> own;
        if (choice) {
            own = Choice{choice->coefficients.part(part.top, 0, height, width), choice->price, choice->last};
        }
        if (!write_plane(coders_[band], part, own ? &*own : nullptr)) {
            is_tree = false;
        }
    });
    return is_tree;
}

bool BandWriter::back() {
    if (kept_.empty()) {
        return false;
    }
    coders_ = kept_;
    return true;
}

std::vector<std::vector<std::uint8_t>> BandWriter::finished() const {
    std::vector<std::vector<std::uint8_t>> streams;
    for (const auto& coder : coders_) {
        streams.push_back(coder.finished());
    }
    return streams;
}

std::vector<double> BandWriter::spent() const {
    std::vector<double> total(kElements);
    for (const auto& coder : coders_) {
        for (int i = 0; i < kElements; ++i) {
            total[i] += coder.spent()[i];
        }
    }
    return total;
}

}  // namespace selfsame::pifs
