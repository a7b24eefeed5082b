#include "browser/listing.hpp"

#include <utility>

namespace selfsame::browser {

namespace {

std::string numbered(const char* name, std::size_t i) { return std::string("planes.") + std::to_string(i) + name; }

}  // namespace

void Listing::add(const IfsCode& code) {
    number("dimension", code.dimension);
    array("viewport", code.viewport.data(), code.viewport.size());
    array("matrices", code.matrices.data(), code.matrices.size());
    array("offsets", code.offsets.data(), code.offsets.size());
    array("probabilities", code.probabilities.data(), code.probabilities.size());
    array("colors", code.colors.data(), code.colors.size());
    number("shape", code.shape);
    array("parameters", code.parameters.data(), code.parameters.size());
    array("notes", code.notes.data(), code.notes.size());
}

void Listing::add(const PifsCode& code) {
    text("mode", code.is_hybrid ? "hybrid" : "pure");
    number("halfChroma", code.half_chroma);
    number("iterations", code.iterations);
    number("deblock", code.deblock);
    for (std::size_t i = 0; i < code.planes.size(); ++i) {
        const auto& [blocks, maps, levels] = code.planes[i];
        number(numbered(".height", i), code.sides[i].height);
        number(numbered(".width", i), code.sides[i].width);
        number(numbered(".step", i), code.steps[i]);
        array(numbered(".blocks", i), &blocks.data()->y, 4 * blocks.size());
        array(numbered(".maps", i), &maps.data()->kind, 5 * maps.size());
        array(numbered(".levels", i), levels.data(), levels.size());
    }
    array("alpha", code.alpha.data(), code.alpha.size());
}

void Listing::add(const CollageCode& code) {
    text("model", code.model);
    array("fingerprint", code.fingerprint.data(), code.fingerprint.size());
    number("step", code.step);
    number("rangeSize", code.range_size);
    number("domains", code.domains);
    number("iterations", code.iterations);
    for (std::size_t i = 0; i < code.planes.size(); ++i) {
        number(numbered(".atoms", i), code.planes[i].atoms);
        number(numbered(".rows", i), code.planes[i].rows);
        number(numbered(".columns", i), code.planes[i].columns);
        array(numbered(".symbols", i), code.planes[i].symbols.data(), code.planes[i].symbols.size());
    }
    array("alpha", code.alpha.data(), code.alpha.size());
}

void Listing::add(const MosaicCode& code) {
    const auto& patches = code.patches;
    number("grid", patches.grid);
    number("levels", patches.levels);
    number("saturation", code.saturation);
    number("tint", patches.tint);
    array("cells", patches.cells.data()->data(), 3 * patches.cells.size());
    array("isometries", patches.isometries.data(), patches.isometries.size());
    array("contrasts", patches.contrasts.data(), patches.contrasts.size());
    array("means", patches.means.data(), patches.means.size());
    array("slopes", patches.slopes.data(), patches.slopes.size());
    if (!code.pieces.empty()) {
        number("pieces.width", code.width);
        number("pieces.height", code.height);
        array("pieces.picture", code.second.data(), code.second.size());
        array("pieces.places", code.pieces.data()->data(), 4 * code.pieces.size());
    }
}

void Listing::add(const GridCode& code) {
    const auto& levels = code.levels.front();
    text("model", code.model);
    array("fingerprint", code.fingerprint.data(), code.fingerprint.size());
    number("numbers", 1 + levels.atoms);
    number("rows", levels.rows);
    number("columns", levels.columns);
    array("levels", levels.symbols.data(), levels.symbols.size());
    array("alpha", code.alpha.data(), code.alpha.size());
}

void Listing::number(std::string name, double value) { put(std::move(name), kNumber, &numbers_.emplace_back(value), 1); }

void Listing::text(std::string name, std::string_view value) { put(std::move(name), kText, value.data(), value.size()); }

void Listing::array(std::string name, const std::uint8_t* data, std::size_t count) {
    put(std::move(name), kBytes, data, count);
}
void Listing::array(std::string name, const std::int8_t* data, std::size_t count) {
    put(std::move(name), kSignedBytes, data, count);
}
void Listing::array(std::string name, const std::int32_t* data, std::size_t count) {
    put(std::move(name), kIntegers, data, count);
}
void Listing::array(std::string name, const double* data, std::size_t count) {
    put(std::move(name), kDoubles, data, count);
}

void Listing::put(std::string name, Type type, const void* data, std::size_t count) {
    const auto& kept = names_.emplace_back(std::move(name));
    fields_.push_back({kept.data(), static_cast<std::uint32_t>(kept.size()), type, static_cast<std::uint32_t>(count),
                       data});
}

}  // namespace selfsame::browser
