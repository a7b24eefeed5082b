#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <tuple>
#include <utility>
#include <vector>

#include "python/coding.hpp"

namespace selfsame::python {

namespace {

// A coder of single decisions; families have syntaxes of their own.
template <typename Coder>
class Decisions {
public:
    Decisions(const Slots& slots, const Weights& weights) requires(!Coder::kDecoding)
        : coder_(any_models(slots, weights), 1) {}
    Decisions(const Slots& slots, const Weights& weights, const nb::bytes& data) requires Coder::kDecoding
        : bytes_(bytes_of(data).begin(), bytes_of(data).end()),
          coder_(any_models(slots, weights), Row<const std::uint8_t>(bytes_.data(), bytes_.size())) {}
    Decisions(const Decisions&) = delete;

    int mixed(int bit, const std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>& slots, int set) {
        const auto& [first, second, third] = slots;
        return coder_.code_mixed(bit_of(bit), coding::Contexts<3>{first, second, third}, set, 0);
    }
    int adaptive(int bit, std::uint32_t slot) { return coder_.code_adaptive(bit_of(bit), slot, 0); }
    int plain(int bit) { return coder_.code_plain(bit_of(bit), 0); }

    nb::bytes finished() const requires(!Coder::kDecoding) {
        const auto bytes = coder_.finished();
        return nb::bytes(bytes.data(), bytes.size());
    }
    double spent() const { return coder_.spent()[0]; }
    bool is_overrun() const { return coder_.is_overrun(); }
    NewArray<std::uint32_t> slots() const { return slots_of(coder_.models()); }
    NewArray<std::int32_t> weights() const { return weights_of(coder_.models()); }

private:
    // A bit to write; what is to be read may be anything.
    static int bit_of(int bit) {
        require(Coder::kDecoding || bit == 0 || bit == 1, "a bit is 0 or 1");
        return bit;
    }
    static coding::Models any_models(const Slots& slots, const Weights& weights) {
        return models(slots, weights, static_cast<std::uint32_t>(slots.size()),
                      static_cast<std::uint32_t>(weights.shape(0)));
    }

    std::vector<std::uint8_t> bytes_;
    Coder coder_;
};

template <typename Coder>
nb::class_<Decisions<Coder>> bind_coder(nb::module_ module, const char* name, const char* doc) {
    using Bound = Decisions<Coder>;
    return nb::class_<Bound>(module, name, doc)
        .def("mixed", &Bound::mixed, nb::arg("bit"), nb::arg("slots"), nb::arg("set"),
             "Code a bit predicted by three slots and a set of weights; return it.")
        .def("adaptive", &Bound::adaptive, nb::arg("bit"), nb::arg("slot"),
             "Code a bit predicted by one slot; return it.")
        .def("plain", &Bound::plain, nb::arg("bit"), "Code an equiprobable bit; return it.")
        .def_prop_ro("slots", &Bound::slots, nb::rv_policy::automatic, "The slots as they stand.")
        .def_prop_ro("weights", &Bound::weights, nb::rv_policy::automatic, "The weights as they stand.");
}

std::tuple<NewArray<std::int64_t>, NewArray<std::int64_t>, NewArray<std::int64_t>> tables() {
    const auto& fixed = coding::tables();
    const auto array = [](const auto& values) {
        std::vector<std::int64_t> copied(values.begin(), values.end());
        const std::size_t size = copied.size();
        return own<std::int64_t>(std::move(copied), {size});
    };
    return {array(fixed.stretch), array(fixed.squash), array(fixed.rates)};
}

}  // namespace

void bind_coding(nb::module_ module, nb::module_ testing) {
    module.attr("MAX_INPUTS") = coding::kMaxInputs;
    testing.def("tables", &tables, "Return the tables that the format fixes: stretch, squash, rates.");
    bind_coder<coding::Encoder>(testing, "Encoder", "A range coder that writes single decisions.")
        .def(nb::init<const Slots&, const Weights&>(), nb::arg("slots"), nb::arg("weights"))
        .def("finished", &Decisions<coding::Encoder>::finished, "The bytes so far, ended.")
        .def_prop_ro("spent", &Decisions<coding::Encoder>::spent, "Bits so far.");
    bind_coder<coding::Decoder>(testing, "Decoder", "A range coder that reads single decisions.")
        .def(nb::init<const Slots&, const Weights&, const nb::bytes&>(), nb::arg("slots"),
             nb::arg("weights"), nb::arg("data"))
        .def_prop_ro("is_overrun", &Decisions<coding::Decoder>::is_overrun,
                     "Whether more was read than a sound stream has.");
}

}  // namespace selfsame::python
