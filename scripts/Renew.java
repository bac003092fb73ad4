import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * Gives the classes of jars that are from before Java 6 the version of Java 8, with the stack maps that belong to it, since an archive
 * of classes takes no older ones: {@code Renew FILE.jar...}. All else stays as it is; a jar without such classes is left alone.
 */
final class Renew {
    private static final int OLDEST = ClassFile.JAVA_6_VERSION;

    private Renew() {}

    public static void main(String[] args) throws IOException {
        for (String jar : args) { // an earlier version may lie beside the one that is used
            renew(Path.of(jar));
        }
    }

    private static void renew(Path jar) throws IOException {
        Map<String, byte[]> entries = read(jar);
        if (entries.values().stream().noneMatch(Renew::isOld)) {
            return;
        }
        Path written = Path.of(jar + ".new");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(written))) {
            ClassFile files = files(entries);
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(isOld(entry.getValue()) ? renewed(files, entry.getValue()) : entry.getValue());
            }
        }
        Files.move(written, jar, StandardCopyOption.REPLACE_EXISTING);
    }

    private static Map<String, byte[]> read(Path jar) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream in = new ZipInputStream(Files.newInputStream(jar))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                entries.put(entry.getName(), in.readAllBytes());
            }
        }
        return entries;
    }

    private static boolean isOld(byte[] file) {
        boolean isClass = file.length > 8 && file[0] == (byte) 0xca && file[1] == (byte) 0xfe && file[2] == (byte) 0xba;
        return isClass && ((file[6] & 0xff) << 8 | file[7] & 0xff) < OLDEST;
    }

    /** Stack maps ask which class extends which, of the jar's own too. */
    private static ClassFile files(Map<String, byte[]> entries) {
        ClassHierarchyResolver own = ClassHierarchyResolver.ofResourceParsing(type -> {
            String name = type.descriptorString();
            byte[] file = entries.get(name.substring(1, name.length() - 1) + ".class");
            return file == null ? null : new ByteArrayInputStream(file);
        });
        return ClassFile.of(
                ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                ClassFile.ClassHierarchyResolverOption.of(own.orElse(ClassHierarchyResolver.defaultResolver())));
    }

    /** Code goes through a transformation that changes nothing, as it gets no stack maps otherwise. */
    private static byte[] renewed(ClassFile files, byte[] file) {
        MethodTransform code = MethodTransform.transformingCode((b, e) -> b.with(e));
        ClassTransform newer = (b, e) -> {
            switch (e) {
                case ClassFileVersion _ -> b.withVersion(ClassFile.JAVA_8_VERSION, 0);
                case MethodModel method -> b.transformMethod(method, code);
                default -> b.with(e);
            }
        };
        ClassModel model = files.parse(file);
        return files.transformClass(model, newer);
    }
}
