package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An entry of a module, ready to run.
 *
 * @param most threads that a block may have
 * @param parameterBytes of its arguments
 * @param sharedBytes of shared memory before what a launch adds
 * @param localBytes of local memory of each thread
 */
record PtxKernel(
        String name,
        int most,
        int parameterBytes,
        int sharedBytes,
        int localBytes,
        PtxOp[] code,
        PtxOperands.Layout layout) {

    /**
     * Makes an entry ready.
     *
     * @param name of the kernel, for people
     * @param globals addresses of the module's variables in device memory
     */
    static PtxKernel of(String name, PtxSource source, PtxEntry entry, Map<String, Long> globals) {
        Map<String, Long> symbols = new HashMap<>(globals);
        entry.parameters().forEach((parameter, offset) -> symbols.put(parameter, (long) offset));
        List<Map<String, PtxSource.Variable>> scopes = List.of(source.variables(), entry.variables());
        int shared = place(scopes, "shared", symbols);
        int local = place(scopes, "local", symbols);
        PtxOperands operands = new PtxOperands(symbols, entry.registers());
        List<PtxOp> code = new ArrayList<>();
        for (PtxEntry.Statement statement : entry.statements()) {
            operands.enter(code.size(), !statement.guard().isEmpty());
            code.add(op(name, entry, operands, statement));
        }
        code.add(new PtxControl.End("the end"));
        return new PtxKernel(
                name,
                entry.most(),
                entry.parameterBytes(),
                shared,
                local,
                code.toArray(PtxOp[]::new),
                operands.layout(entry));
    }

    /** Lays variables of a space one behind another, what the launch gives at the end; answers the bytes up to there. */
    private static int place(List<Map<String, PtxSource.Variable>> scopes, String space, Map<String, Long> symbols) {
        int bytes = 0;
        for (boolean external : new boolean[] {false, true}) {
            for (Map<String, PtxSource.Variable> scope : scopes) {
                for (Map.Entry<String, PtxSource.Variable> entry : scope.entrySet()) {
                    PtxSource.Variable v = entry.getValue();
                    if (v.space().equals(space) && v.external() == external) {
                        bytes = (bytes + v.alignment() - 1) & -v.alignment();
                        symbols.put(entry.getKey(), (long) bytes);
                        bytes += v.content().length;
                    }
                }
            }
        }
        return bytes;
    }

    private static PtxOp op(String name, PtxEntry entry, PtxOperands operands, PtxEntry.Statement s) {
        try {
            PtxOp op = PtxControl.of(s, operands, entry);
            return s.guard().isEmpty() ? op : new PtxOp.Guarded(op, operands.value(s.guard()), s.negated());
        } catch (NativeException e) {
            throw new NativeException("kernel %s: `%s`: %s".formatted(name, s.text(), e.problem()), e.hint(), e);
        }
    }
}
