using System.Globalization;
using System.Reflection;
using System.Text;
using Idempotency.Filters.Redis;

namespace Idempotency.Filters.Tests.Configuration;

/// <summary>What other code can see of the library changes on purpose only.</summary>
internal sealed class PublicApiTests
{
    private static readonly NullabilityInfoContext Nullability = new();

    [TestCase(typeof(IdempotencyFilter), "PublicApi.txt")]
    [TestCase(typeof(RedisStoreOptions), "PublicApi.Redis.txt")]
    public void PublicSurfaceIsAsAgreed(Type member, string file)
    {
        var actual = Describe(member.Assembly);
        if (actual == Agreed(file))
            return;

        var path = Path.Combine(TestContext.CurrentContext.WorkDirectory, file);
        File.WriteAllText(path, actual);
        Assert.That(
            actual.Split('\n'),
            Is.EqualTo(Agreed(file).Split('\n')),
            $"The public surface changed. If that is meant, copy {path} over Configuration/{file} of the test project.");
    }

    [Test]
    public void EveryPublicTypeIsSealedStaticOrMeantForDerivation()
    {
        var open = new[] { typeof(IdempotencyFilter), typeof(RedisStoreOptions) }.SelectMany(member => member.Assembly.GetExportedTypes())
            .Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false }).Select(type => type.Name);

        Assert.That(open, Is.EqualTo([nameof(IdempotentAttribute)]));
    }

    private static string Agreed(string file)
    {
        var assembly = typeof(PublicApiTests).Assembly;
        using var stream = assembly.GetManifestResourceStream($"Idempotency.Filters.Tests.Configuration.{file}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Head(type)).Append('\n');
            const BindingFlags Own = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
            foreach (var member in type.GetMembers(Own).Select(Describe).OfType<string>().Order(StringComparer.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $"    {member}\n");
        }

        return text.ToString();
    }

    private static string Head(Type type)
    {
        var kind = type switch
        {
            { IsEnum: true } => "enum",
            { IsInterface: true } => "interface",
            { IsValueType: true } => "struct",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsAbstract: true } => "abstract class",
            { IsSealed: true } => "sealed class",
            _ => "class",
        };
        var bases = type.GetInterfaces().Where(face => face.IsPublic).Select(Name).Order(StringComparer.Ordinal);
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum))
            bases = bases.Prepend(Name(parent)).Order(StringComparer.Ordinal);
        var list = type.IsEnum ? "" : string.Join(", ", bases);
        return $"{kind} {type.FullName}{(list.Length == 0 ? "" : $" : {list}")}";
    }

    /// <summary>Null for what is not visible, or is part of something else.</summary>
    private static string? Describe(MemberInfo member) => member switch
    {
        FieldInfo { IsSpecialName: false } field when Visible(field.Attributes) => field.IsLiteral
            ? $"const {field.Name} = {Convert.ToString(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}"
            : $"field {Name(field.FieldType)} {field.Name}",
        ConstructorInfo constructor when Visible(constructor) => $"{Access(constructor)}constructor({Parameters(constructor)})",
        MethodInfo { IsSpecialName: false } method when Visible(method) =>
            $"{Access(method)}{Name(Nullability.Create(method.ReturnParameter))} {method.Name}{Generic(method)}({Parameters(method)})",
        PropertyInfo property when property.GetAccessors(true).FirstOrDefault(Visible) is { } accessor =>
            $"{Access(accessor)}{Name(Nullability.Create(property))} {property.Name} {{{Accessors(property)} }}",
        _ => null,
    };

    private static bool Visible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool Visible(FieldAttributes field) => (field & FieldAttributes.FieldAccessMask) is FieldAttributes.Public or FieldAttributes.Family;

    private static string Access(MethodBase method) =>
        (method.IsPublic ? "" : "protected ")
        + (method.IsStatic ? "static " : method is { IsAbstract: true, DeclaringType.IsInterface: false } ? "abstract " : "")
        + (method is { IsVirtual: true, IsFinal: false, IsAbstract: false } ? "virtual " : "");

    private static string Accessors(PropertyInfo property) => string.Concat(property.GetAccessors(true).Where(Visible).Select(accessor =>
        accessor.ReturnType != typeof(void) ? " get;"
        : accessor.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit)) ? " init;" : " set;"));

    private static string Generic(MethodInfo method) => method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{Name(Nullability.Create(parameter))} {parameter.Name}"
        + (parameter.HasDefaultValue ? $" = {Convert.ToString(parameter.RawDefaultValue ?? "null", CultureInfo.InvariantCulture)}" : "")));

    private static string Name(NullabilityInfo info)
    {
        if (info.Type.IsValueType && !info.Type.IsGenericType)
            return info.Type.Name;
        if (Nullable.GetUnderlyingType(info.Type) is { } value)
            return $"{Name(value)}?";

        var name = info.Type.IsGenericType
            ? $"{info.Type.Name[..info.Type.Name.IndexOf('`')]}<{string.Join(", ", info.GenericTypeArguments.Select(Name))}>"
            : info.ElementType is { } element ? $"{Name(element)}[]" : info.Type.Name;
        return info.ReadState is NullabilityState.Nullable && !info.Type.IsValueType ? $"{name}?" : name;
    }

    private static string Name(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } value)
            return $"{Name(value)}?";
        if (type.IsArray)
            return $"{Name(type.GetElementType()!)}[]";
        return type.IsGenericType
            ? $"{type.Name[..type.Name.IndexOf('`')]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : type.Name;
    }
}
