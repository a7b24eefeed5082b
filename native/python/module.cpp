// The Python module selfsame._native.
#include <nanobind/nanobind.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "core/fail.hpp"
#include "core/grid.hpp"

namespace nb = nanobind;

namespace selfsame {

void out_of_bounds() { throw std::out_of_range("an index out of bounds in selfsame's native core"); }

void raise(Fault fault, const std::string& words) {
    if (fault == Fault::kMemory) {
        throw std::bad_alloc();
    }
    throw Failure(fault, words);
}

namespace python {

// Files are read in Python: what fails here is an argument.
void translate(const std::exception_ptr& exception, void*) {
    try {
        std::rethrow_exception(exception);
    } catch (const Failure& failure) {
        const nb::object type = nb::module_::import_("selfsame.errors").attr("InputError");
        PyErr_SetString(type.ptr(), failure.what());
    }
}

// What only tests call goes into the second module.
void bind_coding(nb::module_ module, nb::module_ testing);
void bind_pifs(nb::module_ module, nb::module_ testing);
void bind_mosaic(nb::module_ module);
void bind_collage(nb::module_ module);
void bind_ifs(nb::module_ module, nb::module_ testing);
void bind_fractals(nb::module_ module, nb::module_ testing);
}

}  // namespace selfsame

NB_MODULE(_native, module) {
    nb::register_exception_translator(selfsame::python::translate);
    // A thread's first exception takes memory; where there is none left, the C library ends the process. So
    // Python's main thread takes it now.
    std::uncaught_exceptions();
    module.doc() = "The compiled core: plain functions on arrays, by family.";
    nb::module_ testing = module.def_submodule("testing", "Parts of the core that tests look at by themselves.");
    selfsame::python::bind_coding(module.def_submodule("coding", "The range coder."), testing);
    selfsame::python::bind_pifs(module.def_submodule("pifs", "Block codes."), testing);
    selfsame::python::bind_collage(module.def_submodule("collage", "Neural collages."));
    selfsame::python::bind_mosaic(module.def_submodule("mosaic", "Mosaics."));
    selfsame::python::bind_ifs(module.def_submodule("ifs", "Systems of maps on points."), testing);
    selfsame::python::bind_fractals(module.def_submodule("fractals", "Data sets of fractals."), testing);
}
