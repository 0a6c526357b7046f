using System.ComponentModel.DataAnnotations;

namespace PaymentsApi;

/// <summary>An amount of money: more than zero, at most a billion.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class AmountAttribute() : ValidationAttribute("The field {0} must be more than 0 and at most 1000000000.")
{
    public override bool IsValid(object? value) => value is > 0m and <= 1_000_000_000m;
}
